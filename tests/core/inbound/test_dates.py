"""Days that people name: returns of the absent, and times of plans."""

from datetime import UTC, date, datetime

import pytest

from nurture.core.inbound.calendar import LANGUAGES, read_calendar
from nurture.core.inbound.dates import find_return_date, find_timeline
from nurture.core.inbound.note_words import note_words

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)  # a Tuesday

RETURNS = [
    ("en", "I am back on 3 March.", date(2026, 3, 3)),
    ("en", "I will return on March 3rd.", date(2026, 3, 3)),
    ("de", "Ich bin bis 3. März nicht im Büro.", date(2026, 3, 3)),
    ("de", "Ich bin vom 20.02.2026 bis 03.03.2026 im Urlaub.", date(2026, 3, 3)),
    ("en", "Away from 12/02/2026 until 2026-02-20.", date(2026, 2, 20)),
    ("en", "Out until Monday.", date(2026, 2, 16)),
    ("de", "Ab Donnerstag bin ich wieder erreichbar.", date(2026, 2, 12)),
    ("en", "I am out next week, back on Monday 23 February.", date(2026, 2, 23)),
    ("en", "Back on 2 December.", date(2026, 12, 2)),
    ("en", "Back on 5 February.", None),
    ("en", "Back on 3 March 2024.", None),
    ("en", "Back on 30 February 2027.", None),
    ("en", "Back in 2029-01-01.", None),
    ("en", "I am away. Call +49 30 1234-5678.", None),
    ("en", "Back on 99/99/2026, 32.13.2026.", None),
    ("en", "I am out of the office from 20 Dec to 2 Jan inclusive.", date(2027, 1, 4)),
    ("de", "Ich bin am 04.01.2027 wieder im Büro.", date(2027, 1, 4)),
    ("fr", "Je suis absent, de retour le lundi 7 juin.", date(2026, 6, 7)),
    ("es", "Estoy de vacaciones, regreso el 15.", date(2026, 2, 15)),
    ("de", "Ich bin für zwei Wochen im Urlaub.", date(2026, 2, 24)),
    ("en", "I am out of office until 12/05.", date(2026, 5, 12)),
    ("en", "I'm on vacation next week.", date(2026, 2, 23)),
    ("en", "I will be back next week.", date(2026, 2, 16)),
    ("en", "I am out of the office today and will be back tomorrow.", date(2026, 2, 11)),
    ("en", "I am out of the office today.", date(2026, 2, 11)),
    ("de", "Ich bin bis einschließlich Freitag, 20. Februar, nicht im Hause.", date(2026, 2, 23)),
    ("en", "I'm on annual leave through 20 February.", date(2026, 2, 23)),
    ("nl", "Ik ben t/m 20 februari met vakantie.", date(2026, 2, 23)),
    ("en", "Office closed from February 16 - 20, 2026.", date(2026, 2, 20)),
    ("en", "I am out 16-20 Feb.", date(2026, 2, 20)),
    ("en", "I'm away until the end of August.", date(2026, 8, 31)),
    ("en", "I am on maternity leave until September.", date(2026, 9, 1)),
    ("en", "I will be on parental leave and returning in September 2026.", date(2026, 9, 1)),
    ("de", "Ich bin im August nicht im Büro.", date(2026, 9, 1)),
    ("de", "Ich bin von Montag bis Mittwoch nicht im Büro.", date(2026, 2, 18)),
    ("en", "I am on leave from 3 August.", None),
    ("de", "Ich bin vom 16.-20.2. im Urlaub.", date(2026, 2, 20)),
    ("de", "Ich bin vom 16.02.-20.02.2026 im Urlaub.", date(2026, 2, 20)),
    ("de", "Ich bin vom 16.2. bis 20.2. im Urlaub und ab dem 23.2. wieder da.", date(2026, 2, 23)),
    ("en", "I'm out of office from 2/16 to 2/20.", date(2026, 2, 20)),
    ("en", "I'm out of office from 16/02/26 to 20/02/26.", date(2026, 2, 20)),
    ("fr", "Je serai absente du 16/02 au 20/02 inclus.", date(2026, 2, 23)),
    ("ja", "8月3日(月)~8月7日(金)は夏季休暇のため不在です。", date(2026, 8, 7)),
    ("ja", "2/16(月)まで休暇です。2/17(火)に出社します。", date(2026, 2, 17)),
    ("ja", "来週月曜日に戻ります。", date(2026, 2, 16)),
    ("zh", "我将于下周一返回办公室。", date(2026, 2, 16)),
    ("zh", "我正在休假，将于2026年3月5日返回。", date(2026, 3, 5)),
    ("ko", "다음 주 월요일에 복귀합니다.", date(2026, 2, 16)),
    ("ko", "2026. 3. 5.(목)까지 휴가입니다.", date(2026, 3, 5)),
    ("ar", "٥ مارس سأعود إلى المكتب", date(2026, 3, 5)),
    ("ar", "أنا في إجازة حتى ٥ آذار ٢٠٢٦", date(2026, 3, 5)),
    ("hu", "2026. március 5-ig szabadságon vagyok.", date(2026, 3, 5)),
    ("fi", "Olen lomalla 5.3. saakka.", date(2026, 3, 5)),
    ("fi", "Olen lomalla 23.2.–5.3.2026.", date(2026, 3, 5)),
    ("fi", "Palaan töihin maanantaina.", date(2026, 2, 16)),
    ("sv", "Jag är tillbaka på måndag.", date(2026, 2, 16)),
    ("da", "Jeg er tilbage den 5/3.", date(2026, 3, 5)),
    ("pl", "Jestem na urlopie od 16.02 do 20.02.", date(2026, 2, 20)),
    ("pl", "Wracam w poniedziałek.", date(2026, 2, 16)),
    ("ru", "Вернусь 5 марта.", date(2026, 3, 5)),
    ("ru", "Нахожусь в отпуске с 16.02.2026 по 05.03.2026 включительно.", date(2026, 3, 6)),
    ("tr", "5 Mart'a kadar izindeyim.", date(2026, 3, 5)),
    ("tr", "23 Şubat Pazartesi günü ofiste olacağım.", date(2026, 2, 23)),
    ("he", "אני בחופשה עד ה-5 במרץ", date(2026, 3, 5)),
    ("el", "Θα επιστρέψω στις 5 Μαρτίου.", date(2026, 3, 5)),
    ("ro", "Revin luni.", date(2026, 2, 16)),
    ("it", "Torno il 15 marzo.", date(2026, 3, 15)),
    ("it", "Sono assente fino all'8 marzo compreso.", date(2026, 3, 9)),
    ("pt", "Volto na segunda-feira.", date(2026, 2, 16)),
    ("pt", "Estarei ausente até dia 5/3.", date(2026, 3, 5)),
    ("de", "Guten Morgen, ich bin bis Freitag im Urlaub.", date(2026, 2, 13)),
    ("en", "I will be back in two weeks.", date(2026, 2, 24)),
    ("en", "I am away from my desk and will return on the 15th.", date(2026, 2, 15)),
    (
        "en",
        "I have limited access to email until Thursday, February 19th. Please call me at 12.05.33 for help.",
        date(2026, 2, 19),
    ),
    (
        "en",
        "Out of the office starting Monday, February 16 through Friday, February 20, returning Mon, Feb 23.",
        date(2026, 2, 23),
    ),
    ("en", "I am out of the office until 17:00 today.", date(2026, 2, 11)),
    ("en", "My office hours are Monday to Friday 9-17.", None),
]


@pytest.mark.parametrize(("language", "text", "day"), RETURNS)
def test_r06_the_day_of_return(language: str, text: str, day: date | None) -> None:
    assert find_return_date(text, NOW, (language,)) == day


def test_r06_every_language_reads_its_own_examples() -> None:
    july = datetime(2026, 7, 30, 9, tzinfo=UTC)
    for language in LANGUAGES:
        example = read_calendar(language)["example"]
        assert find_return_date(example, july, (language,)) == date(2026, 8, 18), example
        example = note_words()[language]["example"]
        assert find_return_date(example, NOW, (language,)) == date(2026, 3, 3), example


@pytest.mark.parametrize("language", LANGUAGES)
def test_r06_every_month_and_weekday_of_every_language_is_read(language: str) -> None:
    data = read_calendar(language)
    until = data["words"].get("until", "").split(",")[0]
    behind = data["words"].get("until_behind", "").split(",")[0]
    for number, words in enumerate(data["months"], 1):
        for word in filter(None, (word.strip() for word in words.split(","))):
            text = f"{until} 9 {word.removesuffix('*')} 2026 {behind}"
            later = datetime(2026, number, 1, 9, tzinfo=UTC)
            assert find_return_date(text, later, (language,)) == date(2026, number, 9), text
    for number, words in enumerate(data["weekdays"]):
        word = words.split(",")[0].strip().removesuffix("*")
        expected = date(2026, 2, 9 + number) if number > 1 else date(2026, 2, 16 + number)
        assert find_return_date(f"{until} {word} {behind}", NOW, (language,)) == expected, word


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("until 12/05", datetime(2026, 5, 4, tzinfo=UTC), date(2026, 5, 12)),
        ("until 12/05", datetime(2026, 11, 21, tzinfo=UTC), date(2026, 12, 5)),
        ("from 12/20 until 1/5", datetime(2026, 12, 18, tzinfo=UTC), date(2027, 1, 5)),
        ("back on 29 February", datetime(2027, 12, 1, tzinfo=UTC), date(2028, 2, 29)),
        ("back today", NOW, date(2026, 2, 10)),
        ("back on 11 February 2027", NOW, date(2027, 2, 11)),
        ("back on 12 February 2027", NOW, None),
    ],
)
def test_r06_a_day_is_near_and_never_gone(text: str, moment: datetime, day: date | None) -> None:
    assert find_return_date(text, moment, ("en",)) == day


def test_r06_the_last_day_of_absence_is_not_the_first_day_back() -> None:
    assert find_return_date("away until Wednesday, 18 February", NOW, ("en",)) == date(2026, 2, 18)
    assert find_return_date("away through Wednesday, 18 February", NOW, ("en",)) == date(2026, 2, 19)
    assert find_return_date("away through Friday, 20 February", NOW, ("en",)) == date(2026, 2, 23)
    assert find_return_date("back on Wednesday, 18 February", NOW, ("en",)) == date(2026, 2, 18)


TIMELINES = [
    ("in Q1", None),
    ("after Q2", date(2026, 7, 1)),
    ("next year", date(2027, 1, 1)),
    ("in the new year", date(2027, 1, 1)),
    ("in two weeks", date(2026, 2, 24)),
    ("in January", date(2027, 1, 1)),
    ("we may do it", None),
    ("a march through the forest", None),
    ("nach dem März", date(2026, 4, 1)),
    ("Interested, but not before Q3.", date(2026, 7, 1)),
    ("Could you get back to me after March?", date(2026, 4, 1)),
    ("Please contact me next quarter.", date(2026, 4, 1)),
    ("We are swamped until September", date(2026, 9, 1)),
    ("Not before 15 May 2026", date(2026, 5, 15)),
    ("Bitte melden Sie sich im nächsten Quartal", date(2026, 4, 1)),
    ("Nicht vor Q4.", date(2026, 10, 1)),
    ("Circle back in six months.", date(2026, 8, 10)),
    ("nach den Sommerferien", date(2026, 9, 1)),
    ("au deuxième trimestre", date(2026, 4, 1)),
    ("in 6 months", date(2026, 8, 10)),
    ("after the summer", date(2026, 9, 1)),
    ("après l'été", date(2026, 9, 1)),
    ("à la rentrée", date(2026, 9, 1)),
    ("dopo l'estate", date(2026, 9, 1)),
    ("después del verano", date(2026, 9, 1)),
    ("na de zomer", date(2026, 9, 1)),
    ("depois do verão", date(2026, 9, 1)),
    ("el próximo año", date(2027, 1, 1)),
    ("l'anno prossimo", date(2027, 1, 1)),
    ("l'année prochaine", date(2027, 1, 1)),
    ("nächstes Jahr", date(2027, 1, 1)),
    ("volgend jaar", date(2027, 1, 1)),
    ("no próximo ano", date(2027, 1, 1)),
    ("im Herbst", date(2026, 9, 1)),
    ("en septembre", date(2026, 9, 1)),
    ("in het derde kwartaal", date(2026, 7, 1)),
    ("no terceiro trimestre", date(2026, 7, 1)),
    ("nel terzo trimestre", date(2026, 7, 1)),
    ("en el tercer trimestre", date(2026, 7, 1)),
    ("dans six mois", date(2026, 8, 10)),
    ("fra sei mesi", date(2026, 8, 10)),
    ("dentro de seis meses", date(2026, 8, 10)),
    ("over zes maanden", date(2026, 8, 10)),
    ("daqui a seis meses", date(2026, 8, 10)),
    ("in sechs Monaten", date(2026, 8, 10)),
    ("in 2027", date(2027, 1, 1)),
    ("im zweiten Halbjahr", date(2026, 7, 1)),
    ("in H2", date(2026, 7, 1)),
    ("early next year", date(2027, 1, 1)),
    ("Anfang nächsten Jahres", date(2027, 1, 1)),
    ("mid-September", date(2026, 9, 15)),
    ("after Easter", date(2026, 4, 7)),
    ("six months from now", date(2026, 8, 10)),
    ("T3 2026", date(2026, 7, 1)),
    ("after the holidays", date(2027, 1, 2)),
    ("at the end of the year", date(2027, 1, 1)),
    ("3. Quartal", date(2026, 7, 1)),
    ("in the third quarter of 2026", date(2026, 7, 1)),
    ("am 1. Oktober", date(2026, 10, 1)),
    ("fin mars", date(2026, 3, 31)),
    ("we have 12 employees in 3 offices", None),
    ("Call me on Monday", None),
    ("start of Q3", date(2026, 7, 1)),
    ("end of Q2", date(2026, 6, 30)),
    ("next month", date(2026, 3, 1)),
    ("in a few months", date(2026, 5, 10)),
    ("nach Weihnachten", date(2026, 12, 27)),
    ("ab Juli", date(2026, 7, 1)),
    ("from July", date(2026, 7, 1)),
    ("before June", date(2026, 6, 1)),
    ("2e trimestre", date(2026, 4, 1)),
]


@pytest.mark.parametrize(("text", "day"), TIMELINES)
def test_r03_a_time_of_plans_is_its_first_day(text: str, day: date | None) -> None:
    assert find_timeline(text, NOW) == day
