"""Numbers as people, exports and networks write them."""

import pytest

from identifiers import Unusable, UnusableReason, Usable
from libs.identifiers.tests.readings import key, read, reason


@pytest.mark.parametrize(
    "written",
    [
        "+442079460018",
        "+44 20 7946 0018",
        "tel:+44-20-7946-0018",
        "sip:+442079460018@pbx.test",
        "+44 (0)20 7946 0018",
        "+44(0)2079460018",
        "44(0)20 7946 0018",
        "0044 20 7946 0018",
        "+44–20–7946–0018",
        "+44.20.7946.0018",
        "+44 20/7946/0018",
        "++442079460018",
        "+0044 20 7946 0018",
        "(0044) 20 7946 0018",
        "(+44) 20 7946 0018",
        "tel:+442079460018;phone-context=pbx.test",
        "Tel. +44 20 7946 0018",
        "Mobile: +44 20 7946 0018",
        "+44 20 7946 0018 (home)",
        "+44 20 7946 0018,,",
        "+442079460018@pbx.test",
        "+44\u00a020\u20097946\t0018",
        "\u202a+44 20 7946 0018\u202c",
        "+４４２０７９４６００１８",
        "+٤٤٢٠٧٩٤٦٠٠١٨",
    ],
)
def test_a_number_has_one_key_in_every_spelling(written):
    assert key("phone", written) == ("phone", "", "+442079460018")


@pytest.mark.parametrize(
    ("written", "extension"),
    [
        ("+14155550165 x12", "12"),
        ("+14155550165x12", "12"),
        ("+14155550165 ext 12", "12"),
        ("+14155550165 ext. 12", "12"),
        ("+14155550165 extension 12", "12"),
        ("+14155550165;ext=12", "12"),
        ("tel:+1-415-555-0165;ext=12", "12"),
        ("+14155550165#12", "12"),
        ("+14155550165 # 12", "12"),
        ("+14155550165,,12", "12"),
        ("+14155550165,,,001#", "001"),
        ("+14155550165 p12", "12"),
        ("+14155550165w12", "12"),
        ("+1 415 555 0165 Durchwahl 12", "12"),
        ("+1 415 555 0165 Apparat 12", "12"),
        ("+1 415 555 0165 int. 12", "12"),
        ("+1 415 555 0165 доб. 12", "12"),
        ("+1 415 555 0165 内線12", "12"),
        ("+1 415 555 0165 Ext: 12", "12"),
        ("+1 415 555 0165 ext#12", "12"),
        ("+1 415 555 0165 (ext. 12)", "12"),
        ("+1 415 555 0165-x12", "12"),
        ("+14155550165*12", "12"),
        ("+14155550165~12", "12"),
        ("+14155550165pp12", "12"),
        ("+14155550165PW12", "12"),
        ("+14155550165 x 12 34", "1234"),
        ("+14155550165;ext=12;phone-context=pbx", "12"),
        ("+14155550165", None),
    ],
)
def test_an_extension_is_kept_beside_the_key(written, extension):
    outcome = read("phone", written)
    assert isinstance(outcome, Usable)
    assert outcome.key.value == "+14155550165"
    assert outcome.extension == extension


def test_digits_behind_an_extension_are_another_number():
    assert key("phone", "+49 30 97925#5") != key("phone", "+49 30 979255")


@pytest.mark.parametrize(
    ("written", "region", "value"),
    [
        ("(415) 555-0185", "US", "+14155550185"),
        ("(415)555-0185", "us", "+14155550185"),
        ("(+1) 415 555 0185", "US", "+14155550185"),
        ("1-415-555-0185", "US", "+14155550185"),
        ("(020) 7946 0268", "GB", "+442079460268"),
        ("020 7946 0268", "GB", "+442079460268"),
        ("070-174 06 05", "SE", "+46701740605"),
        ("0171/1234567", "DE", "+491711234567"),
        ("49(0)30 979255", "DE", "+4930979255"),
        ("49 (0) 30 979255", "US", "+4930979255"),
        ("0049 30 979255", "DE", "+4930979255"),
        ("0049 30 979255", "US", "+4930979255"),
        ("0049(0)30 979255", "GB", "+4930979255"),
        ("(0049) 30 979255", "FR", "+4930979255"),
        ("00 44 (0) 20 7946 0268", "DE", "+442079460268"),
        ("011 15-2345-6789", "AR", "+541123456789"),
        ("0291 15 412 3456", "AR", "+542914123456"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("(11) 8765-4321", "BR", "+5511987654321"),
        ("0 15 11 98765-4321", "BR", "+5511987654321"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("030 979255#5", "DE", "+4930979255"),
        ("211234", "FO", "+298211234"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
    ],
)
def test_a_national_number_belongs_to_the_region(written, region, value):
    assert key("phone", written, region=region).value == value


@pytest.mark.parametrize(
    "written", ["49(0)30 979255", "0049 30 979255", "0049(0)30/979255", "+49 (0)30 979255"]
)
def test_a_country_code_in_any_spelling_needs_no_region(written):
    assert key("phone", written).value == "+4930979255"


@pytest.mark.parametrize(
    ("spellings", "value"),
    [
        (["+5215512345678", "+52 1 55 1234 5678", "+52 55 1234 5678"], "+525512345678"),
        (["+5511987654321", "+55 11 8765-4321"], "+5511987654321"),
        (["+551133334444"], "+551133334444"),
        (["+5491123456789", "+54 11 2345-6789"], "+541123456789"),
        (["+22990123456", "+2290190123456"], "+2290190123456"),
        (["+22507123456", "+2250707123456"], "+2250707123456"),
        (["+22505123456", "+225 05 05 12 34 56"], "+2250505123456"),
        (["+841201234567", "+84701234567"], "+84701234567"),
        (["+23771234567", "+237671234567"], "+237671234567"),
        (["+23722212345", "+237222212345"], "+237222212345"),
        (["+52 044 55 1234 5678", "+5215512345678"], "+525512345678"),
        (["+54 11 15 2345 6789", "+5491123456789"], "+541123456789"),
    ],
)
def test_old_and_new_numbering_plans_have_one_key(spellings, value):
    for spelling in spellings:
        assert key("phone", spelling).value == value
        assert (
            key("whatsapp", spelling.removeprefix("+").replace(" ", "").replace("-", "")).value
            == value
        )


def test_a_national_number_without_a_region_says_what_is_missing():
    outcome = read("phone", "020 7946 0018")
    assert outcome == Unusable(UnusableReason.REGION_MISSING, "02079460018")


@pytest.mark.parametrize(
    ("written", "why", "sender"),
    [
        ("68849", UnusableReason.SHORT_CODE, "68849"),
        ("112", UnusableReason.SHORT_CODE, "112"),
        ("729725", UnusableReason.SHORT_CODE, "729725"),
        ("55555", UnusableReason.SHORT_CODE, "55555"),
        ("7", UnusableReason.SHORT_CODE, "7"),
        ("2FA", UnusableReason.SENDER_NAME, "2fa"),
        ("1&1", UnusableReason.SENDER_NAME, "1&1"),
        ("DHL Paket", UnusableReason.SENDER_NAME, "dhl paket"),
        ("Müller", UnusableReason.SENDER_NAME, "müller"),
        ("Bank-24", UnusableReason.SENDER_NAME, "bank-24"),
        ("SUPPORT", UnusableReason.SENDER_NAME, "support"),
        ("My Bank", UnusableReason.SENDER_NAME, "my bank"),
        ("+1-800-FLOWERS", UnusableReason.UNPARSEABLE, "+1-800-flowers"),
        ("+44 12", UnusableReason.UNPARSEABLE, "+4412"),
        ("+99912345678", UnusableReason.UNPARSEABLE, "+99912345678"),
        ("+447911123456789012", UnusableReason.UNPARSEABLE, "+447911123456789012"),
    ],
)
def test_a_sender_without_a_number_is_still_a_sender(written, why, sender):
    assert read("phone", written) == Unusable(why, sender)


@pytest.mark.parametrize("kind", ["phone", "whatsapp"])
@pytest.mark.parametrize(
    "written",
    [
        "anonymous", "Anonymous", "Restricted", "unavailable", "private", "No Caller ID", "unknown",
        "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "0000000000",
        "111 1111",
        "Private Number", "Number withheld", "Caller ID blocked", "out of area", "P", "Unterdrückt",
        "numéro masqué", "número oculto", "非通知設定", "номер скрыт",
        "anonymous@anonymous.invalid",
        "sip:anonymous@pbx.test", "-2", "+15555555555", "+1 555 555 5555", "000",
        "+10000000000", "+440000000000", "1234567890", "+1234567890", "999-999-9999", "-", "n/a",
    ],
)  # fmt: skip
def test_a_withheld_number_is_nobodys(kind, written):
    assert read(kind, written) == Unusable(UnusableReason.BLOCKED)


@pytest.mark.parametrize(
    "written",
    [
        "+442079460018, +442079460019",
        "+442079460018 / +442079460019",
        "+442079460018 or +14155550165",
    ],
)
def test_several_numbers_are_refused_together(written):
    assert reason("phone", written) is UnusableReason.SEVERAL


@pytest.mark.parametrize("written", ["+39 (0)6 12345678", "39(0)6 12345678", "+39 06 12345678"])
def test_a_zero_in_brackets_stays_where_it_belongs_to_the_number(written):
    assert key("phone", written).value == "+390612345678"


def test_a_short_code_of_a_country_is_no_number_of_it():
    assert read("phone", "68849", region="DE") == Unusable(UnusableReason.SHORT_CODE, "68849")


def test_other_names_of_the_type_are_the_same_type():
    for kind in ("sms", "mobile", "landline", "telephone"):
        assert key(kind, "+44 20 7946 0018") == key("phone", "+442079460018")
