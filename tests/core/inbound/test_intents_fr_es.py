"""French and Spanish: what looks alike and means something else."""

from datetime import UTC, date, datetime

import pytest

from nurture.core.inbound.intent import ACTING, Intent, find_intents

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)


def acted_on(text: str, language: str) -> dict[str, Intent]:
    return {i.name: i for i in find_intents(text, NOW, language=language) if i.confidence >= ACTING}


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("fr", "Pourriez-vous nous faire parvenir une soumission ?", "pricing_request"),
        ("fr", "ca coute combien par mois", "pricing_request"),
        ("fr", "Merci de nous envoyer plus d'infos.", "information_request"),
        ("fr", "Tu peux me montrer comment ça marche ?", "demo_request"),
        ("fr", "Mardi à 14h me convient.", "meeting_request"),
        ("fr", "Est-il possible d'avoir un compte de test ?", "trial_request"),
        ("es", "¿Me podés pasar una cotización?", "pricing_request"),
        ("es", "Envíennos un presupuesto por favor", "pricing_request"),
        ("es", "cuanto cuesta?", "pricing_request"),
        ("es", "¿Podéis enseñarnos el producto?", "demo_request"),
        ("es", "¿Tienes un hueco el jueves?", "meeting_request"),
        ("es", "Quisiera probarlo antes de comprar.", "trial_request"),
    ],
)
def test_wishes_are_found_however_politely_and_wherever_said(language: str, text: str, name: str) -> None:
    assert set(acted_on(text, language)) == {name}


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("fr", "Nous ne sommes pas intéressés.", "no_need"),
        ("fr", "pas interessé merci", "no_need"),
        ("fr", "Nous n'en avons plus besoin.", "no_need"),
        ("fr", "Nous n'avons aucun budget.", "budget"),
        ("fr", "Nous sommes très contents de notre outil.", "has_solution"),
        ("es", "No nos interesa, gracias.", "no_need"),
        ("es", "No lo necesitamos.", "no_need"),
        ("es", "No tenemos presupuesto.", "budget"),
        ("es", "Acabamos de firmar con la competencia.", "has_solution"),
    ],
)
def test_a_refusal_is_no_interest_and_says_why(language: str, text: str, reason: str) -> None:
    found = acted_on(text, language)
    assert set(found) == {"objection"}
    assert found["objection"].reason == reason


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Je ne souhaite plus recevoir vos mails."),
        ("fr", "Merci de ne plus m'écrire."),
        ("es", "No me escriban más."),
        ("es", "Denme de baja por favor."),
    ],
)
def test_r04_opt_outs(language: str, text: str) -> None:
    assert set(acted_on(text, language)) == {"unsubscribe_request"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Comment votre outil gère-t-il les désabonnements ?"),
        ("fr", "Vous pouvez m'envoyer plus de détails."),
        ("es", "¿Cómo gestionan las bajas de los suscriptores?"),
        ("es", "No me llamen, envíenme un correo con sus referencias."),
    ],
)
def test_r04_no_opt_outs(language: str, text: str) -> None:
    assert "unsubscribe_request" not in acted_on(text, language)


def test_yes_is_no_if() -> None:
    assert "positive" in acted_on("Sí, nos interesa mucho.", "es")
    assert "positive" not in acted_on("Si algún día nos interesa lo hablamos.", "es")
    assert "positive" not in acted_on("Si un jour cela nous intéresse, on verra.", "fr")


@pytest.mark.parametrize(
    ("language", "text", "wanted", "unwanted"),
    [
        ("fr", "Pas besoin de démo, envoyez juste les tarifs.", "pricing_request", "objection"),
        ("fr", "Avant de parler prix, j'aimerais essayer.", "trial_request", "pricing_request"),
        ("es", "No hace falta demo, mándeme sólo los precios.", "pricing_request", "objection"),
        ("es", "Gracias por la demo de ayer, firmaremos en marzo.", "timeline_shared", "demo_request"),
    ],
)
def test_what_is_set_aside_is_neither_wanted_nor_refused(
    language: str, text: str, wanted: str, unwanted: str
) -> None:
    found = acted_on(text, language)
    assert wanted in found
    assert unwanted not in found
    assert "demo_request" not in found


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("fr", "Cette personne ne fait plus partie de nos effectifs.", "left_company"),
        ("fr", "Je ne suis plus en charge de ce dossier.", "wrong_person"),
        ("fr", "Adressez-vous à notre service achats.", "referral"),
        ("es", "Juan ya no trabaja aquí.", "left_company"),
        ("es", "Yo no llevo ese tema.", "wrong_person"),
        ("es", "Mi compañera Ana Ruiz lleva ese tema.", "referral"),
    ],
)
def test_people(language: str, text: str, name: str) -> None:
    assert set(acted_on(text, language)) == {name}


@pytest.mark.parametrize(
    ("language", "text", "name", "day"),
    [
        ("fr", "Recontactez-nous en septembre.", "not_now", date(2026, 9, 1)),
        ("fr", "Nous lançons le chantier en juin.", "timeline_shared", date(2026, 6, 1)),
        ("es", "Escríbame en septiembre.", "not_now", date(2026, 9, 1)),
        ("es", "Nuestro contrato vence en junio.", "timeline_shared", date(2026, 6, 1)),
    ],
)
def test_times(language: str, text: str, name: str, day: date) -> None:
    found = acted_on(text, language)
    assert set(found) == {name}
    assert found[name].day == day
