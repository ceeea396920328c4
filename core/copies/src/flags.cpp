#include "nakadachi/copies/flags.hpp"

#include <algorithm>
#include <functional>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/holding_seal.hpp"
#include "period_code.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::string_view kFlagPurpose = "flag";
constexpr std::uint8_t kFlagVersion = 1;
constexpr std::uint8_t kHasKind = 0x04;
constexpr std::uint8_t kAllMarks = kHasFrom | kHasUntil | kHasKind;

static_assert(limits::kMaxFlagsPerPerson <= UINT8_MAX);

Error wrong(ErrorCode code) { return {.code = code, .field = "flags"}; }

Result<void> check(const PersonFlags& of) {
  if (of.flags.size() > limits::kMaxFlagsPerPerson) return wrong(ErrorCode::kTooManyItems);
  const bool ascending = std::adjacent_find(of.flags.begin(), of.flags.end(),
                                            std::greater_equal<>()) == of.flags.end();
  const bool reversed = std::any_of(of.flags.begin(), of.flags.end(),
                                    [](const Flag& flag) { return flag.period.is_reversed(); });
  if (of.flags.empty() || !ascending || reversed) return wrong(ErrorCode::kWrongFormat);
  return {};
}

Bytes encode(const PersonFlags& of) {
  Bytes bytes;
  append_big_endian<1>(bytes, kFlagVersion);
  append_big_endian<8>(bytes, of.institution.number());
  append_big_endian<8>(bytes, of.person.reveal());
  append_big_endian<1>(bytes, of.flags.size());
  for (const Flag& flag : of.flags) {
    append_big_endian<1>(bytes, static_cast<std::uint8_t>(flag.sort));
    const auto kind_mark = flag.kind ? kHasKind : std::uint8_t{0};
    append_big_endian<1>(bytes, static_cast<std::uint8_t>(marks_of(flag.period) | kind_mark));
    if (flag.kind) append_big_endian<8>(bytes, flag.kind->number());
    append_period(bytes, flag.period);
  }
  return bytes;
}

Result<Flag> read_flag(Reader& reader) {
  const std::uint64_t sort = reader.number<1>();
  const auto marks = static_cast<std::uint8_t>(reader.number<1>());
  if (reader.failed() || marks > kAllMarks) return wrong(ErrorCode::kMalformedFrame);
  if (sort != static_cast<std::uint8_t>(FlagSort::kHeld) &&
      sort != static_cast<std::uint8_t>(FlagSort::kNonDisclosure)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "flag_sort"};
  }
  Flag flag{.sort = static_cast<FlagSort>(sort), .kind = std::nullopt, .period = {}};
  if ((marks & kHasKind) != 0) {
    NAKADACHI_TRY(flag.kind, InformationKind::from_number(reader.number<8>()));
  }
  const auto period = read_period(reader, marks);
  if (!period) return wrong(ErrorCode::kMalformedFrame);
  flag.period = *period;
  return flag;
}

Result<PersonFlags> decode(ByteView bytes) {
  Reader reader(bytes);
  const std::uint64_t version = reader.number<1>();
  const std::uint64_t institution_number = reader.number<8>();
  const std::uint64_t person_number = reader.number<8>();
  const std::uint64_t count = reader.number<1>();
  if (reader.failed()) return wrong(ErrorCode::kMalformedFrame);
  if (version != kFlagVersion) return wrong(ErrorCode::kUnsupportedVersion);
  NAKADACHI_TRY(const auto institution, InstitutionCode::from_number(institution_number));
  NAKADACHI_TRY(const auto person, AddressNumber::from_number(person_number));
  PersonFlags of{institution, person, {}};
  for (std::uint64_t i = 0; i < count; ++i) {
    NAKADACHI_TRY(const Flag flag, read_flag(reader));
    of.flags.push_back(flag);
  }
  if (!reader.complete()) return wrong(ErrorCode::kMalformedFrame);
  NAKADACHI_CHECK(check(of));
  return of;
}

}  // namespace

Result<bool> set_flag(PersonFlags& of, const Flag& flag) {
  if (flag.period.is_reversed()) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "period"};
  }
  const auto place = std::lower_bound(of.flags.begin(), of.flags.end(), flag);
  if (place != of.flags.end() && *place == flag) return false;
  if (of.flags.size() >= limits::kMaxFlagsPerPerson) return wrong(ErrorCode::kTooManyItems);
  of.flags.insert(place, flag);
  return true;
}

bool clear_flag(PersonFlags& of, const Flag& flag) { return std::erase(of.flags, flag) > 0; }

FlagState state_on(const PersonFlags& of, const InformationKind& kind, Day day) noexcept {
  FlagState state;
  for (const Flag& flag : of.flags) {
    if ((flag.kind && *flag.kind != kind) || !flag.period.holds(day)) continue;
    if (flag.sort == FlagSort::kHeld) state.held = true;
    if (flag.sort == FlagSort::kNonDisclosure) state.non_disclosure = true;
  }
  return state;
}

Result<HoldingKey> flag_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const AddressNumber& person) {
  Bytes part;
  append_big_endian<8>(part, person.reveal());
  return crypto::holding_key(cipher, institution, kFlagPurpose, {part});
}

Result<Bytes> seal_flags(crypto::TenantCipher& cipher, const HoldingKey& key,
                         const PersonFlags& flags, Random& random) {
  NAKADACHI_CHECK(check(flags));
  return crypto::seal_holding(cipher, kFlagPurpose, key, encode(flags), random);
}

Result<PersonFlags> open_flags(crypto::TenantCipher& cipher, const HoldingKey& key,
                               ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kFlagPurpose, key, sealed));
  return decode(plain);
}

Result<PersonFlags> FlagShelf::find(crypto::TenantCipher& cipher,
                                    const AddressNumber& person) const {
  NAKADACHI_TRY(const HoldingKey key, flag_key(cipher, institution_, person));
  const auto found = values_.find(key);
  if (found == values_.end()) return PersonFlags{institution_, person, {}};
  NAKADACHI_TRY(PersonFlags of, open_flags(cipher, key, found->second));
  if (of.institution != institution_ || of.person != person) return wrong(ErrorCode::kSealBroken);
  return of;
}

Result<FlagState> FlagShelf::of(crypto::TenantCipher& cipher, const AddressNumber& person,
                                const InformationKind& kind, Day day) const {
  NAKADACHI_TRY(const PersonFlags flags, find(cipher, person));
  return state_on(flags, kind, day);
}

Result<FlagShelf::Page> FlagShelf::list(crypto::TenantCipher& cipher,
                                        const std::optional<HoldingKey>& after,
                                        std::size_t most) const {
  Page page;
  auto next = after ? values_.upper_bound(*after) : values_.begin();
  for (; next != values_.end() && page.persons.size() < most; ++next) {
    NAKADACHI_TRY(PersonFlags flags, open_flags(cipher, next->first, next->second));
    page.persons.push_back(std::move(flags));
    page.next = next->first;
  }
  if (next == values_.end()) page.next.reset();
  return page;
}

}  // namespace nakadachi::copies
