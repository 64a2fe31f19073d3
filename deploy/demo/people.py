"""The people of the demo: those who own a mailbox, and those they write to. All of them are made up."""

import random
from dataclasses import dataclass

from connectors.message import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a name and an address. `female` decides between Mr and Ms, him and her."""

    first: str
    last: str
    female: bool = False
    host: str = "example.com"

    @property
    def full(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}".strip()

    @property
    def address(self) -> Address:
        """The person as a mail names them."""
        local = "".join(char for char in self.first.lower() if char.isalnum() and char.isascii())
        return Address(addr=f"{local}@{self.host}", name=self.full)


ANA = Person(first="Ana", last="Silva", female=True, host="example.org")
BEN = Person(first="Ben", last="Keller", host="example.org")

FRIENDS = {
    "en": (
        Person(first="Tom", last="Baker"),
        Person(first="Mary", last="Jones", female=True),
        Person(first="Peter", last="Walsh"),
        Person(first="Lucy", last="Green", female=True),
        Person(first="Omar", last="Haddad"),
        Person(first="Nina", last="Novak", female=True),
        Person(first="Jack", last="Turner"),
        Person(first="Sofia", last="Rossi", female=True),
        Person(first="Daniel", last="Kim"),
        Person(first="Grace", last="Hall", female=True),
        Person(first="Victor", last="Lund"),
        Person(first="Ruth", last="Berg", female=True),
    ),
    "de": (
        Person(first="Jonas", last="Vogel", host="example.net"),
        Person(first="Heike", last="Schulz", female=True, host="example.net"),
        Person(first="Martin", last="Huber", host="example.net"),
        Person(first="Petra", last="Lang", female=True, host="example.net"),
    ),
    "fr": (
        Person(first="Luc", last="Moreau", host="example.net"),
        Person(first="Claire", last="Petit", female=True, host="example.net"),
        Person(first="Hugo", last="Blanc", host="example.net"),
    ),
}
"""Whom Ana and Ben write to, by language."""

FEMALE_NAMES = (
    "Alice Amelia Anita Anna Barbara Bella Brigitte Carla Carmen Chloe Christine Clara Diana Dora Edith Elena Elise "
    "Ella Emily Emma Eva Fatima Flora Frida Hanna Helen Ida Ines Ingrid Irene Isabel Jana Jane Jenny Julia Karin Kate "
    "Laura Lea Lena Lily Lina Lisa Louise Maria Marta Maya Mia Monika Nadia Nora Olga Paula Priya Rita Rosa Sara "
    "Silvia Stella Tara Ursula Vera Wendy Yuki Zoe"
).split()
MALE_NAMES = (
    "Adam Ahmed Alan Alex Andreas Anton Arthur Bruno Carl Chris David Dennis Dimitri Eduardo Emil Eric Felix Frank "
    "Fred George Gustav Harry Henri Igor Ivan James Jan Jean Joe John Jorge Karl Kenji Kurt Leo Liam Lukas Marco Mark "
    "Max Michael Mike Nico Noah Oliver Oscar Otto Pablo Paul Philip Rafael Ralf Robert Rudi Sam Samuel Simon Stefan "
    "Theo Tim Viktor Walter Will Yusuf"
).split()
LAST_NAMES = (
    "Adams Almeida Becker Bennett Bishop Bonnet Brown Carter Chen Clark Costa Diaz Dubois Edwards Fischer Fontaine "
    "Garcia Graf Gupta Hansen Hill Hoffmann Ito Jensen Kaur Keller King Koch Larsen Lopez Marchand Martin Mills Moore "
    "Mueller Nagy Nguyen Okafor Olsen Parker Patel Pereira Reed Roux Santos Schmidt Scott Shah Silva Smith Sousa "
    "Stone Taylor Torres Wagner Ward Weber Wood Wright Young"
).split()
_STARTS = "B Br C Ch D Dr F G Gr H J K L M N P Pr R S Sh St T Tr V W Z".split()
_MIDDLES = "a e i o u ai ea ia or an en in el ar al ol un im ü ö é ä è".split()
_ENDS = "ß ë b d k l m n r s t v x la na ra ta no ro vic mar den lin ton bert ska".split()


def made_up_word(rng: random.Random) -> str:
    """A word nobody has seen, so that a model learns to copy rather than to remember."""
    middle = rng.choice(_MIDDLES)
    if rng.random() < 0.5:
        middle += rng.choice("bdlmnrstv") + rng.choice("aeiou")
    return rng.choice(_STARTS) + middle + rng.choice(_ENDS)


def any_person(rng: random.Random) -> Person:
    """Somebody: mostly with a common name, sometimes with one that nobody has."""
    female = rng.random() < 0.5
    first = made_up_word(rng) if rng.random() < 0.3 else rng.choice(FEMALE_NAMES if female else MALE_NAMES)
    last = made_up_word(rng) if rng.random() < 0.3 else rng.choice(LAST_NAMES)
    if rng.random() < 0.25:
        return rng.choice(FRIENDS["en"] + FRIENDS["de"] + FRIENDS["fr"])
    return Person(first=first, last=last, female=female)
