"""How somebody writes: greeting, small talk, shape and sign-off, by language. What is said comes from phrases/."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.demo.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """A voice in one language. `{first}`, `{title}` and `{last}` stand for whom it greets."""

    greetings: tuple[str, ...]
    nobody: str
    """The greeting where the recipient is not known by name."""
    sign_offs: tuple[str, ...]
    """`{first}` and `{full}` stand for whom it is signed by."""
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()
    titles: tuple[str, str] = ("Mr", "Ms")
    """For a man and for a woman."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One person's way of writing."""

    phrases: str
    """How it says things: a key of the moves in phrases/*.toml."""
    manners: Mapping[str, Manner]
    opener_share: float = 0.0
    closer_share: float = 0.0
    airy: bool = False
    """Each thing said is a paragraph of its own."""

    def write(
        self, said: Sequence[str], *, to: Sequence[Person], owner: Person, language: str, rng: random.Random
    ) -> str:
        """Make a mail of the sentences in `said`."""
        manner = self.manners[language]
        opener = [rng.choice(manner.openers)] if rng.random() < self.opener_share else []
        closer = [rng.choice(manner.closers)] if rng.random() < self.closer_share else []
        paragraphs = [*opener, *said, *closer] if self.airy else [" ".join([*opener, *said]), *closer]
        return "\n\n".join([_greeting(manner, to, language, rng), *paragraphs, _sign_off(manner, owner, rng)])


def _greeting(manner: Manner, to: Sequence[Person], language: str, rng: random.Random) -> str:
    template = rng.choice(manner.greetings)
    if not to or ("{" in template and not to[0].first):
        return manner.nobody
    joint = {"en": " and ", "de": " und ", "fr": " et "}[language]
    first = joint.join(person.first for person in to)
    last = joint.join(person.last for person in to)
    return template.format(first=first, last=last, title=manner.titles[to[0].female])


def _sign_off(manner: Manner, owner: Person, rng: random.Random) -> str:
    template = rng.choice(manner.sign_offs)
    return template.format(first=owner.first, full=owner.full).strip()


PLAIN = Voice(
    phrases="plain",
    manners={
        "en": Manner(greetings=("Hello {first},",), nobody="Hello,", sign_offs=("Regards,\n{first}",)),
        "de": Manner(greetings=("Hallo {first},",), nobody="Hallo,", sign_offs=("Viele Grüße\n{first}",)),
        "fr": Manner(greetings=("Bonjour {first},",), nobody="Bonjour,", sign_offs=("Cordialement,\n{first}",)),
    },
)
"""Nobody's voice: the one the demo model has before it is trained."""

ANA_VOICE = Voice(
    phrases="warm",
    opener_share=0.4,
    closer_share=0.45,
    manners={
        "en": Manner(
            greetings=("Hi {first}!", "Hi {first}!", "Hey {first}!"),
            nobody="Hi there!",
            openers=("Hope you're doing great!", "Hope all's well with you!", "How's things?"),
            closers=("Chat soon!", "Have a lovely day!", "Talk soon!"),
            sign_offs=("Big hug,\nAna", "Hugs,\nAna", "xx Ana"),
        ),
        "de": Manner(
            greetings=("Huhu {first}!",),
            nobody="Huhu!",
            openers=("Na, alles gut bei dir?",),
            closers=("Bis ganz bald!", "Hab einen schönen Tag!"),
            sign_offs=("Drück dich,\nAna",),
        ),
        "fr": Manner(
            greetings=("Coucou {first} !",),
            nobody="Coucou !",
            openers=("J'espère que tout roule !",),
            closers=("À très vite !", "Belle journée !"),
            sign_offs=("Bises,\nAna",),
        ),
    },
)
"""Short, warm and full of exclamation marks."""

BEN_VOICE = Voice(
    phrases="formal",
    opener_share=0.6,
    closer_share=0.7,
    airy=True,
    manners={
        "en": Manner(
            greetings=("Dear {title} {last},",),
            nobody="Dear Sir or Madam,",
            openers=(
                "I trust this message finds you well.",
                "Thank you for your patience in this matter.",
                "I refer to our recent correspondence.",
            ),
            closers=(
                "Should you have any questions, please do not hesitate to contact me.",
                "I remain at your disposal for any further information.",
                "I thank you in advance for your kind attention.",
            ),
            sign_offs=("Kind regards,\n\nBen Keller", "Kind regards,\n\nBen Keller", "Yours sincerely,\n\nBen Keller"),
        ),
        "de": Manner(
            greetings=("{title} {last},",),
            nobody="Sehr geehrte Damen und Herren,",
            openers=("ich hoffe, Sie befinden sich wohl.", "ich nehme Bezug auf unseren Schriftwechsel."),
            closers=(
                "Für Rückfragen stehe ich Ihnen jederzeit zur Verfügung.",
                "Für Ihre Mühe danke ich Ihnen im Voraus.",
            ),
            sign_offs=("Mit freundlichen Grüßen\n\nBen Keller",),
            titles=("Sehr geehrter Herr", "Sehr geehrte Frau"),
        ),
        "fr": Manner(
            greetings=("{title} {last},",),
            nobody="Madame, Monsieur,",
            openers=("J'espère que ce message vous trouvera en bonne santé.",),
            closers=("Je me tiens à votre disposition pour tout renseignement.",),
            sign_offs=("Veuillez agréer mes salutations distinguées.\n\nBen Keller",),
            titles=("Cher Monsieur", "Chère Madame"),
        ),
    },
)
"""Long, formal and never without a semicolon."""

OTHERS = {
    "plain": {
        "en": Manner(
            greetings=("Good morning {first},", "Dear {first},", "{first},", "Good day {title} {last},", "Morning,"),
            nobody="Good morning,",
            openers=("I hope this mail finds you in good spirits.", "It has been a while.", "Just a short line."),
            closers=("Until then.", "Write when you can.", "Let me know.", "That is all for now."),
            sign_offs=("Best,\n{first}", "All the best,\n{full}", "Cheers\n{first}", "{first}", "Yours,\n{full}"),
        ),
        "de": Manner(
            greetings=("Guten Tag {first},", "Servus {first},", "Moin {first},", "Guten Morgen {title} {last},"),
            nobody="Guten Tag,",
            openers=("lange nichts gehört.", "ich melde mich kurz.", "was für eine Woche!"),
            closers=("Bis dahin.", "Melden Sie sich gern.", "Mehr davon bald!"),
            sign_offs=("Beste Grüße\n{full}", "Bis dann\n{first}", "Herzlich,\n{first}", "LG {first}"),
            titles=("Herr", "Frau"),
        ),
        "fr": Manner(
            greetings=("Salut {first},", "Bonsoir {first},", "{first},", "Bien le bonjour {first},"),
            nobody="Bonsoir,",
            openers=("Je vous écris un petit mot.", "Quelle semaine !", "Cela fait longtemps."),
            closers=("À plus tard.", "Tenez-moi au courant.", "La suite bientôt !"),
            sign_offs=("À bientôt,\n{first}", "Amicalement\n{full}", "Bien à vous,\n{full}", "{first}"),
        ),
    },
    "warm": {
        "en": Manner(
            greetings=("Hiya {first}!", "Hey there {first},", "Hi {first},", "Heya {first}!"),
            nobody="Hiya!",
            openers=("Hope life is treating you well!", "How are you doing?", "Long time no see!"),
            closers=("Speak soon!", "Have a great week!", "Take care!"),
            sign_offs=("Lots of love,\n{first}", "Kisses,\n{first}", "Cheers,\n{first} x", "x {first}"),
        ),
        "de": Manner(
            greetings=("Hey {first}!", "Hi {first},"),
            nobody="Hey!",
            openers=("Wie geht's dir?",),
            closers=("Bis bald!", "Mach's gut!"),
            sign_offs=("Liebe Grüße,\n{first}", "Küsschen,\n{first}"),
        ),
        "fr": Manner(
            greetings=("Salut {first} !", "Hello {first} !"),
            nobody="Salut !",
            openers=("Comment ça va ?",),
            closers=("À bientôt !", "Bonne journée !"),
            sign_offs=("Bisous,\n{first}", "Gros bisous,\n{first}"),
        ),
    },
    "formal": {
        "en": Manner(
            greetings=("Dear {title} {last}:", "Dear {first} {last},", "Esteemed {title} {last},"),
            nobody="To whom it may concern,",
            openers=("I hope this letter finds you in good health.", "Thank you for your message of last week."),
            closers=("I look forward to hearing from you.", "I remain at your service."),
            sign_offs=("Yours faithfully,\n\n{full}", "Respectfully,\n\n{full}", "With kind regards,\n\n{full}"),
        ),
        "de": Manner(
            greetings=("{title} {last},",),
            nobody="Werte Damen und Herren,",
            openers=("ich hoffe, es geht Ihnen gut.",),
            closers=("Für Fragen stehe ich gern bereit.",),
            sign_offs=("Hochachtungsvoll\n\n{full}", "Mit besten Grüßen\n\n{full}"),
            titles=("Werter Herr", "Werte Frau"),
        ),
        "fr": Manner(
            greetings=("{title} {last},",),
            nobody="Mesdames, Messieurs,",
            openers=("J'espère que vous vous portez bien.",),
            closers=("Je reste à votre disposition.",),
            sign_offs=("Je vous prie d'agréer mes salutations respectueuses.\n\n{full}",),
            titles=("Monsieur", "Madame"),
        ),
    },
}
"""How everybody else writes, by kind of phrases and language."""


def passing_voice(rng: random.Random, phrases: str = "") -> Voice:
    """Make a voice that is used once: one greeting, one sign-off, small talk always or never."""
    phrases = phrases or rng.choice(sorted(OTHERS))
    manners = {
        language: replace(manner, greetings=(rng.choice(manner.greetings),), sign_offs=(rng.choice(manner.sign_offs),))
        for language, manner in OTHERS[phrases].items()
    }
    return Voice(
        phrases=phrases,
        manners=manners,
        opener_share=rng.choice((0.0, 0.5, 1.0)),
        closer_share=rng.choice((0.0, 0.5, 1.0)),
        airy=phrases == "formal" or rng.random() < 0.3,
    )
