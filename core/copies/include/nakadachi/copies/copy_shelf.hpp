#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::copies {

/// 副本 as it is stored: the copy, and whose it is.
struct StoredCopy {
  InstitutionCode institution;
  AddressNumber person;
  InformationKind kind;
  CopyContent content;

  friend bool operator==(const StoredCopy&, const StoredCopy&) = default;
};

/// Under which key an institution holds its copy of one kind for a person.
/// Errors: `kKeyUnavailable`.
Result<HoldingKey> copy_key(crypto::TenantCipher& cipher, const InstitutionCode& institution,
                            const AddressNumber& person, const InformationKind& kind);

/// The value of the holding `key`. Errors: `kKeyUnavailable`, those of
/// `encode(CopyContent)`.
Result<Bytes> seal_copy(crypto::TenantCipher& cipher, const HoldingKey& key, const StoredCopy& copy,
                        Random& random);

/// Errors: `kKeyUnavailable`, `kSealBroken` (also a value of another key),
/// `kUnsupportedVersion`, `kMalformedFrame`, those of codes and of `decode_content`.
Result<StoredCopy> open_copy(crypto::TenantCipher& cipher, const HoldingKey& key, ByteView sealed);

/// What one institution has registered for automatic answers, as it is stored:
/// sealed under keyed hashes. Only kind and dataset are known in the clear. A copy
/// costs the size of its sealed value and about 65 bytes. Used by one thread at a
/// time.
class CopyShelf {
 public:
  explicit CopyShelf(const InstitutionCode& institution) : institution_(institution) {}

  /// Registers a copy in the place of a former one under the same key. `kind` and
  /// `dataset` are what `sealed`, which is never empty, says of itself. At most 2^32 - 2 copies.
  void put(const HoldingKey& key, const InformationKind& kind, std::uint64_t dataset,
           ByteView sealed);
  /// False when there was none.
  bool erase(const HoldingKey& key);

  /// The copy a person has of a kind; nothing when none is registered. Whether it is
  /// valid on the day is for the caller to look at. Errors: `kKeyUnavailable`,
  /// `kSealBroken` (also when it is another's), those of `open_copy`.
  Result<std::optional<CopyContent>> find(crypto::TenantCipher& cipher, const AddressNumber& person,
                                          const InformationKind& kind) const;

  /// The sealed value; empty when there is none. Valid until the next change.
  ByteView sealed(const HoldingKey& key) const noexcept;
  /// Nothing when there is no such copy.
  std::optional<std::uint64_t> dataset_of(const HoldingKey& key) const noexcept;

  /// How many copies there are by kind and dataset, to be compared with what the
  /// business system says.
  using Counts = std::map<std::pair<InformationKind, std::uint64_t>, std::size_t>;
  const Counts& counts() const noexcept { return counts_; }

  /// Keys of all copies of a kind, ascending.
  std::vector<HoldingKey> keys_of(const InformationKind& kind) const;
  /// Only those whose dataset is less than `dataset`: what a full load of that
  /// number left behind.
  std::vector<HoldingKey> keys_below(const InformationKind& kind, std::uint64_t dataset) const;

  std::size_t size() const noexcept { return entries_.size(); }
  const InstitutionCode& institution() const noexcept { return institution_; }

 private:
  struct Entry {
    HoldingKey key;
    std::uint64_t dataset = 0;
    std::unique_ptr<std::uint8_t[]> sealed;
    std::uint32_t sealed_size = 0;
    std::uint16_t kind = 0;  // place in kinds_
  };
  static constexpr std::uint32_t kEmpty = UINT32_MAX;

  std::vector<HoldingKey> keys_up_to(const InformationKind& kind, std::uint64_t dataset) const;
  std::size_t home_of(const HoldingKey& key) const noexcept;
  std::size_t slot_of(const HoldingKey& key) const noexcept;
  const Entry* entry_of(const HoldingKey& key) const noexcept;
  std::optional<std::uint16_t> number_of(const InformationKind& kind) const noexcept;
  std::uint16_t number_for(const InformationKind& kind);
  void count(const Entry& entry, int change);
  void make_room();
  void close_gap(std::size_t slot) noexcept;

  InstitutionCode institution_;
  std::vector<InformationKind> kinds_;
  // Entries stand one behind the other, without gaps. slots_ finds them by key: a
  // table of places in entries_ with open addressing, at most three quarters full,
  // its size a power of two.
  std::deque<Entry> entries_;
  std::vector<std::uint32_t> slots_;
  Counts counts_;
};

}  // namespace nakadachi::copies
