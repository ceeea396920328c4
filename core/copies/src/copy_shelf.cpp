#include "nakadachi/copies/copy_shelf.hpp"

#include <algorithm>
#include <limits>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/holding_seal.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::string_view kCopyPurpose = "copy";
constexpr std::uint8_t kCopyVersion = 1;
constexpr std::size_t kLeastSlots = 16;

Result<Bytes> encode(const StoredCopy& copy) {
  NAKADACHI_TRY(const Bytes content, copies::encode(copy.content));
  Bytes bytes;
  append_big_endian<1>(bytes, kCopyVersion);
  append_big_endian<8>(bytes, copy.institution.number());
  append_big_endian<8>(bytes, copy.person.reveal());
  append_big_endian<8>(bytes, copy.kind.number());
  append(bytes, content);
  return bytes;
}

Result<StoredCopy> decode(ByteView bytes) {
  Reader reader(bytes);
  const std::uint64_t version = reader.number<1>();
  const std::uint64_t institution_number = reader.number<8>();
  const std::uint64_t person_number = reader.number<8>();
  const std::uint64_t kind_number = reader.number<8>();
  const ByteView content_bytes = reader.take(reader.left());
  if (reader.failed()) return Error{.code = ErrorCode::kMalformedFrame, .field = "copy"};
  if (version != kCopyVersion)
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "copy"};
  NAKADACHI_TRY(const auto institution, InstitutionCode::from_number(institution_number));
  NAKADACHI_TRY(const auto person, AddressNumber::from_number(person_number));
  NAKADACHI_TRY(const auto kind, InformationKind::from_number(kind_number));
  NAKADACHI_TRY(CopyContent content, decode_content(content_bytes));
  return StoredCopy{institution, person, kind, std::move(content)};
}

}  // namespace

Result<HoldingKey> copy_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const AddressNumber& person, const InformationKind& kind) {
  Bytes parts;
  append_big_endian<8>(parts, person.reveal());
  append_big_endian<8>(parts, kind.number());
  const ByteView view = parts;
  return crypto::holding_key(cipher, institution, kCopyPurpose, {view.first(8), view.subspan(8)});
}

Result<Bytes> seal_copy(crypto::TenantCipher& cipher, const HoldingKey& key, const StoredCopy& copy,
                        Random& random) {
  NAKADACHI_TRY(const Bytes plain, encode(copy));
  return crypto::seal_holding(cipher, kCopyPurpose, key, plain, random);
}

Result<StoredCopy> open_copy(crypto::TenantCipher& cipher, const HoldingKey& key, ByteView sealed) {
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kCopyPurpose, key, sealed));
  return decode(plain);
}

void CopyShelf::put(const HoldingKey& key, const InformationKind& kind, std::uint64_t dataset,
                    ByteView sealed) {
  NAKADACHI_ASSERT(!sealed.empty() && sealed.size() <= std::numeric_limits<std::uint32_t>::max());
  make_room();
  std::uint32_t& place = slots_[slot_of(key)];
  if (place == kEmpty) {
    place = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({.key = key});
  } else {
    count(entries_[place], -1);
  }
  Entry& entry = entries_[place];
  entry.dataset = dataset;
  entry.kind = number_for(kind);
  entry.sealed = std::make_unique_for_overwrite<std::uint8_t[]>(sealed.size());
  entry.sealed_size = static_cast<std::uint32_t>(sealed.size());
  std::copy(sealed.begin(), sealed.end(), entry.sealed.get());
  count(entry, 1);
}

bool CopyShelf::erase(const HoldingKey& key) {
  if (slots_.empty()) return false;
  const std::size_t slot = slot_of(key);
  const std::uint32_t place = slots_[slot];
  if (place == kEmpty) return false;
  count(entries_[place], -1);
  close_gap(slot);
  if (place != entries_.size() - 1) {
    // The last entry moves to where one is missing.
    slots_[slot_of(entries_.back().key)] = place;
    entries_[place] = std::move(entries_.back());
  }
  entries_.pop_back();
  return true;
}

Result<std::optional<CopyContent>> CopyShelf::find(crypto::TenantCipher& cipher,
                                                   const AddressNumber& person,
                                                   const InformationKind& kind) const {
  NAKADACHI_TRY(const HoldingKey key, copy_key(cipher, institution_, person, kind));
  const ByteView value = sealed(key);
  if (value.empty()) return std::optional<CopyContent>();
  NAKADACHI_TRY(StoredCopy copy, open_copy(cipher, key, value));
  if (copy.institution != institution_ || copy.person != person || copy.kind != kind) {
    return Error{.code = ErrorCode::kSealBroken, .field = "copy"};
  }
  return std::optional(std::move(copy.content));
}

ByteView CopyShelf::sealed(const HoldingKey& key) const noexcept {
  const Entry* const entry = entry_of(key);
  return entry != nullptr ? ByteView(entry->sealed.get(), entry->sealed_size) : ByteView();
}

std::optional<std::uint64_t> CopyShelf::dataset_of(const HoldingKey& key) const noexcept {
  const Entry* const entry = entry_of(key);
  return entry != nullptr ? std::optional(entry->dataset) : std::nullopt;
}

std::vector<HoldingKey> CopyShelf::keys_of(const InformationKind& kind) const {
  return keys_up_to(kind, std::numeric_limits<std::uint64_t>::max());
}

std::vector<HoldingKey> CopyShelf::keys_below(const InformationKind& kind,
                                              std::uint64_t dataset) const {
  if (dataset == 0) return {};
  return keys_up_to(kind, dataset - 1);
}

std::vector<HoldingKey> CopyShelf::keys_up_to(const InformationKind& kind,
                                              std::uint64_t dataset) const {
  std::vector<HoldingKey> keys;
  const auto number = number_of(kind);
  if (!number) return keys;
  for (const Entry& entry : entries_) {
    if (entry.kind == *number && entry.dataset <= dataset) keys.push_back(entry.key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::size_t CopyShelf::home_of(const HoldingKey& key) const noexcept {
  // Keys are hashes already; any of their bits will do.
  const ByteView first = key.view().first(8);
  return static_cast<std::size_t>(Reader(first).number<8>()) & (slots_.size() - 1);
}

/// Where the key stands, or the empty slot where it would.
std::size_t CopyShelf::slot_of(const HoldingKey& key) const noexcept {
  std::size_t slot = home_of(key);
  while (slots_[slot] != kEmpty && entries_[slots_[slot]].key != key) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

const CopyShelf::Entry* CopyShelf::entry_of(const HoldingKey& key) const noexcept {
  if (slots_.empty()) return nullptr;
  const std::uint32_t place = slots_[slot_of(key)];
  return place != kEmpty ? &entries_[place] : nullptr;
}

std::optional<std::uint16_t> CopyShelf::number_of(const InformationKind& kind) const noexcept {
  const auto found = std::find(kinds_.begin(), kinds_.end(), kind);
  if (found == kinds_.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - kinds_.begin());
}

std::uint16_t CopyShelf::number_for(const InformationKind& kind) {
  if (const auto number = number_of(kind)) return *number;
  NAKADACHI_ASSERT(kinds_.size() <= std::numeric_limits<std::uint16_t>::max());
  kinds_.push_back(kind);
  return static_cast<std::uint16_t>(kinds_.size() - 1);
}

void CopyShelf::count(const Entry& entry, int change) {
  const auto place = counts_.try_emplace({kinds_[entry.kind], entry.dataset}, 0).first;
  if (change > 0) {
    ++place->second;
  } else if (--place->second == 0) {
    counts_.erase(place);
  }
}

/// Makes the table of slots large enough for one more entry.
void CopyShelf::make_room() {
  if ((entries_.size() + 1) * 4 <= slots_.size() * 3) return;
  NAKADACHI_ASSERT(entries_.size() < kEmpty - 1);
  slots_.assign(std::max(kLeastSlots, slots_.size() * 2), kEmpty);
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    slots_[slot_of(entries_[place].key)] = static_cast<std::uint32_t>(place);
  }
}

/// Empties a slot, and moves up those behind it that would not be found any more.
void CopyShelf::close_gap(std::size_t gap) noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = (gap + 1) & mask; slots_[slot] != kEmpty; slot = (slot + 1) & mask) {
    const std::size_t home = home_of(entries_[slots_[slot]].key);
    // It may stand in the gap when that is between its home and where it is now.
    if (((slot - home) & mask) >= ((slot - gap) & mask)) {
      slots_[gap] = slots_[slot];
      gap = slot;
    }
  }
  slots_[gap] = kEmpty;
}

}  // namespace nakadachi::copies
