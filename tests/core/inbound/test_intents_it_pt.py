"""Italian and Portuguese: which concepts stand in a sentence, and what only looks alike."""

import pytest

from nurture.core.inbound.negation import Scopes
from nurture.core.inbound.phrase import lexicon
from nurture.core.inbound.sentence import split_sentences


def concepts_of(language: str, text: str) -> set[str]:
    """The concepts that stand in a text of one sentence."""
    (sentence,) = split_sentences(text)
    return set(lexicon(language).find(sentence.words))


def denied(language: str, text: str, concept: str) -> bool:
    """Whether a negation reaches the first place of a concept, and nothing supposes or thanks for it."""
    (sentence,) = split_sentences(text)
    found = lexicon(language).find(sentence.words)
    scopes = Scopes(sentence.words, found, language)
    span = found[concept][0]
    return scopes.counts(span) and scopes.negation_of(span) is not None


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("it", "Quanto ci verrebbe a costare per tre sedi?", "HOWMUCH"),
        ("it", "Vi chiedo di inviarmi il listino.", "SEND"),
        ("it", "Non l'ho trovato da nessuna parte", "LACK"),
        ("it", "Giovedì mattina per noi va bene", "AVAILABLE"),
        ("it", "Non mi occupo di acquisti", "SAYS_WRONG"),
        ("it", "La collega ha lasciato l'azienda a marzo", "LEFT"),
        ("it", "Vi prego di cancellare il mio indirizzo", "SAYS_OUT"),
        ("it", "nn scrivetemi piu", "SAYS_OUT"),
        ("it", "Ne riparliamo dopo l'estate", "SAYS_LATER"),
        ("it", "Lavoriamo già con un altro fornitore", "HAVE_ALREADY"),
        ("it", "Quest'anno è tutto fuori budget", "EXPENSIVE"),
        ("pt", "Em quanto é que nos fica a mensalidade?", "HOWMUCH"),
        ("pt", "Poderiam enviar-nos a tabela?", "SEND"),
        ("pt", "Me manda o catálogo, por favor", "PLEASE"),
        ("pt", "Não encontrei nada no site", "LACK"),
        ("pt", "Não sou o responsável pelas compras", "SAYS_WRONG"),
        ("pt", "O colega já não trabalha cá", "LEFT"),
        ("pt", "Ela não trabalha mais conosco", "LEFT"),
        ("pt", "Retirem o meu e-mail da vossa lista", "SAYS_OUT"),
        ("pt", "Parem de me mandar spam", "SAYS_OUT"),
        ("pt", "Por enquanto não, obrigado", "SAYS_LATER"),
        ("pt", "Acabámos de assinar com outro fornecedor", "HAVE_ALREADY"),
        ("pt", "A verba deste ano já se esgotou", "NOBUDGET"),
    ],
)
def test_however_it_is_said_the_concept_is_there(language: str, text: str, concept: str) -> None:
    assert concept in concepts_of(language, text)


@pytest.mark.parametrize(
    ("language", "text", "concept"),
    [
        ("it", "Da quanto tempo siete sul mercato?", "HOWMUCH"),
        ("it", "L'ho provato, basta che non sia lento", "SAYS_OUT"),
        ("it", "Si figuri", "YES"),
        ("it", "Il vecchio programma smette di funzionare", "SAYS_OUT"),
        ("it", "Abbiamo già visto la vostra demo", "HAVE_ALREADY"),
        ("it", "L'allegato non si apre, me lo rimanda?", "SAYS_LATER"),
        ("pt", "Trata-se de um projeto novo", "COND"),
        ("pt", "Há quanto tempo existem no mercado?", "HOWMUCH"),
        ("pt", "O óleo serve para motores antigos?", "AVAILABLE"),
        ("pt", "Queremos adicionar mais uma filial", "SAYS_LATER"),
        ("pt", "Gostaria de ler o estudo", "POSITIVE"),
        ("pt", "Sem problema", "SAYS_NO"),
        ("pt", "No momento certo", "NEG"),
    ],
)
def test_what_only_looks_alike_is_another_thing(language: str, text: str, concept: str) -> None:
    assert concept not in concepts_of(language, text)


def test_the_italian_verb_e_does_not_end_a_negation_and_the_word_e_does() -> None:
    assert denied("it", "Non è di nostro interesse", "INTEREST")
    assert not denied("it", "Non so quando e mi interessa saperlo", "INTEREST")


def test_the_portuguese_verb_e_does_not_end_a_negation_and_the_word_e_does() -> None:
    assert denied("pt", "Não é do nosso interesse", "INTEREST")
    assert not denied("pt", "Não vi tudo e gostaria de mostrar o meu interesse", "INTEREST")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "Non vedo l'ora di vederlo, mi interessa"),
        ("it", "Perché no, ci interessa"),
        ("pt", "Não hesitem em ligar, temos interesse"),
        ("pt", "Sem dúvida, interessa-nos"),
    ],
)
def test_a_harmless_negation_turns_nothing(language: str, text: str) -> None:
    assert not denied(language, text, "INTEREST")


@pytest.mark.parametrize(
    ("language", "supposed", "polite"),
    [
        ("it", "Se un giorno avremo bisogno di una demo, vi chiamo", "Se possibile vorrei una demo"),
        ("pt", "Se um dia precisarmos de uma demo, avisamos", "Se for possível queria uma demo"),
    ],
)
def test_what_is_supposed_does_not_count_and_what_is_polite_does(
    language: str, supposed: str, polite: str
) -> None:
    for text, counts in ((supposed, False), (polite, True)):
        (sentence,) = split_sentences(text)
        found = lexicon(language).find(sentence.words)
        assert Scopes(sentence.words, found, language).counts(found["DEMO"][0]) is counts
