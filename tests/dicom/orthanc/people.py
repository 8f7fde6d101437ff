"""Invented patients whose names are in many character sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A patient.

    Attributes:
        name: Patient's Name as a person name value.
        identifier: Patient ID.
        character_set: Specific Character Set that can hold the name; empty: ASCII.
        sex: Patient's Sex.
        birth_date: Patient's Birth Date.
    """

    name: str
    identifier: str
    character_set: tuple[str, ...] = ()
    sex: str = "O"
    birth_date: str = "19600229"


PEOPLE = (
    Person("Doe^Jane^^Dr.", "ASCII-1"),
    Person("Müller-Lüdenscheidt^Jürgen", "LATIN-1", ("ISO_IR 100",)),
    Person("Dvořáková^Božena", "LATIN-2", ("ISO_IR 101",)),
    Person("Люксембург^Анна^Ивановна", "CYRILLIC-1", ("ISO_IR 144",)),
    Person("Διονυσιος", "GREEK-1", ("ISO_IR 126",)),
    Person("قباني^لنزار", "ARABIC-1", ("ISO_IR 127",)),
    Person("שרון^דבורה", "HEBREW-1", ("ISO_IR 138",)),
    Person("Yamada^Tarou=山田^太郎=やまだ^たろう", "JAPANESE-1", ("", "ISO 2022 IR 87")),
    Person("Hong^Gildong=洪^吉洞=홍^길동", "KOREAN-1", ("", "ISO 2022 IR 149")),
    Person("Wang^XiaoDong=王^小東", "UTF8-1", ("ISO_IR 192",)),
    Person("Wang^XiaoDong=王^小东", "GB18030-1", ("GB18030",)),
    Person("นามสกุล^ชื่อ", "THAI-1", ("ISO_IR 166",)),
)
"""Names after the examples of DICOM PS3.5, Annexes H to K."""


def numbered(count: int, group: str) -> list[Person]:
    """Patients who can be told apart by name and number; ``group`` keeps tests apart."""
    return [
        Person(f"{group}^Number{index:02d}", f"{group}-{index:04d}", sex="FM"[index % 2])
        for index in range(count)
    ]
