"""The language of a short text."""

import time
import tomllib
from importlib.resources import files

import pytest

from nurture.core.inbound.language import detect_language, likely_languages

EXAMPLES = {
    language: row["example"]
    for language, row in tomllib.loads(
        (files("nurture.core") / "data" / "languages.toml").read_text("utf-8")
    ).items()
}
SENTENCES = {
    "en": [
        "Could you tell me what this would cost?", "We already have another provider for this.",
        "Please remove my address from your list.", "I will be back in the office on Monday.",
        "Our team is too busy at the moment.", "She no longer works for our company.",
    ],
    "de": [
        "Könnten Sie mir sagen, was das kostet?", "Dafür haben wir schon einen anderen Anbieter.",
        "Bitte streichen Sie meine Adresse von der Liste.", "Ich bin am Montag wieder im Haus.",
        "Unser Team hat im Moment zu viel zu tun.", "Sie arbeitet nicht mehr bei unserer Firma.",
    ],
    "fr": [
        "Pourriez-vous me dire combien cela coûte ?", "Nous avons déjà un autre fournisseur pour cela.",
        "Merci de retirer mon adresse de votre liste.", "Je serai de retour au bureau lundi.",
        "Notre équipe est trop occupée en ce moment.", "Elle ne travaille plus dans notre société.",
    ],
    "es": [
        "¿Podría decirme cuánto costaría esto?", "Ya tenemos otro proveedor para este servicio.",
        "Por favor, quiten mi dirección de su lista.", "Estaré de vuelta en la oficina el lunes.",
        "Nuestro equipo está muy ocupado en este momento.", "Ella ya no trabaja en nuestra empresa.",
    ],
    "it": [
        "Potrebbe dirmi quanto costerebbe questo servizio?", "Abbiamo già un altro fornitore per questo.",
        "Per favore togliete il mio indirizzo dalla lista.", "Sarò di nuovo in ufficio lunedì prossimo.",
        "Il nostro gruppo è troppo impegnato al momento.", "Lei non lavora più nella nostra azienda.",
    ],
    "nl": [
        "Kunt u mij vertellen wat dit zou kosten?", "Wij hebben hiervoor al een andere leverancier.",
        "Haal mijn adres alstublieft van uw lijst.", "Ik ben maandag weer terug op kantoor.",
        "Ons team heeft het op dit moment te druk.", "Zij werkt niet meer bij ons bedrijf.",
    ],
    "pt": [
        "Poderia dizer-me quanto custaria este serviço?", "Já temos outro fornecedor para este serviço.",
        "Por favor, retirem o meu endereço da vossa lista.",
        "Estarei de volta ao escritório na segunda-feira.",
        "A nossa equipa está muito ocupada neste momento.", "Ela já não trabalha na nossa empresa.",
    ],
    "ja": ["ご連絡ありがとうございます。"],
    "zh": ["谢谢您的来信,我们会尽快回复。"],
    "ko": ["메일 감사합니다. 곧 답장 드리겠습니다."],
    "ru": ["Спасибо за письмо, я вернусь в понедельник."], "uk": ["Дякую за лист, я повернуся в понеділок."],
    "ar": ["شكرا على رسالتك"], "he": ["תודה על ההודעה"], "el": ["Ευχαριστώ για το μήνυμα"],
}  # fmt: skip


@pytest.mark.parametrize("language", SENTENCES)
def test_sentences_are_recognised(language: str) -> None:
    told = [detect_language(sentence) for sentence in SENTENCES[language]]
    assert told == [language] * len(told)


@pytest.mark.parametrize("language", EXAMPLES)
def test_every_language_recognises_its_example(language: str) -> None:
    assert detect_language(EXAMPLES[language]) in (
        {language, "no", "da"} if language in ("no", "da") else {language}
    )


@pytest.mark.parametrize("text", ["", "12345", "asdf qwer", "https://example.org/the/and/of"])
def test_nothing_to_go_by_is_no_language(text: str) -> None:
    assert detect_language(text) is None


def test_a_foreign_name_decides_nothing() -> None:
    assert detect_language("Please ask our colleague Юрий about the price of this.") == "en"


def test_where_nothing_speaks_for_a_language_all_are_likely() -> None:
    assert len(likely_languages("ok")) == 7
    assert likely_languages("We would like to know how much this costs for our team.") == ("en",)


@pytest.mark.parametrize("piece", ["der ", "x", "ß", "а", "l'", "\u0301", "@", "http://", "漢"])
def test_r11_a_megabyte_is_told_within_a_second(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    detect_language("warm")
    start = time.process_time()
    detect_language(text)
    assert time.process_time() - start < 1
