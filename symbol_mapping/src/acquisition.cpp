#include "nakadachi/symbol_mapping/acquisition.hpp"

#include <algorithm>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::symbols {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::int64_t kEndOfYear9999Ms = 253'402'300'799'999;

constexpr std::uint64_t ten_to(std::size_t exponent) noexcept {
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

}  // namespace

Result<AcquisitionPool> AcquisitionPool::make(std::string_view prefix, std::size_t digits) {
  const Error invalid{.code = ErrorCode::kConfigInvalid, .field = "acquisition_pool"};
  if (digits < AcquisitionNumber::kMinDigits || digits > AcquisitionNumber::kMaxDigits ||
      prefix.size() >= digits || prefix.starts_with('0')) {
    return invalid;
  }
  AcquisitionPool pool;
  if (prefix.empty()) {
    pool.first_ = ten_to(digits - 1);
    pool.size_ = 9 * ten_to(digits - 1);
    return pool;
  }
  std::uint64_t number = 0;
  for (const char c : prefix) {
    if (c < '0' || c > '9') return invalid;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  pool.size_ = ten_to(digits - prefix.size());
  pool.first_ = number * pool.size_;
  return pool;
}

AcquisitionNumber AcquisitionPool::at(std::uint64_t place) const {
  NAKADACHI_ASSERT(place < size_);
  return AcquisitionNumber::from_number(first_ + place).value();
}

Bytes encode(const PendingAcquisition& pending) {
  Bytes bytes;
  append_big_endian<1>(bytes, kVersion);
  append_big_endian<8>(bytes, pending.number.reveal());
  append_big_endian<8>(bytes, pending.address.reveal());
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(pending.valid_until.ms));
  return bytes;
}

Result<PendingAcquisition> decode_pending(ByteView bytes) {
  if (!bytes.empty() && bytes[0] != kVersion) return ErrorCode::kUnsupportedVersion;
  Reader reader(bytes);
  reader.take(1);
  const auto number = AcquisitionNumber::from_number(reader.number<8>());
  const auto address = AddressNumber::from_number(reader.number<8>());
  const auto valid_until = static_cast<std::int64_t>(reader.number<8>());
  if (!reader.complete() || !number || !address || valid_until < 0 ||
      valid_until > kEndOfYear9999Ms) {
    return Error{.code = ErrorCode::kMalformedFrame, .field = "pending_acquisition"};
  }
  return PendingAcquisition{*number, *address, Timestamp{valid_until}};
}

AcquisitionDesk::AcquisitionDesk(AcquisitionPool pool, std::int64_t period_ms, Random& random)
    : pool_(pool), period_ms_(period_ms), random_(random) {
  NAKADACHI_ASSERT(period_ms > 0);
}

Result<void> AcquisitionDesk::recover(const PendingAcquisition& pending) {
  if (by_number_.contains(pending.number) || by_address_.contains(pending.address)) {
    return Error{.code = ErrorCode::kRowConflict, .field = "pending_acquisition"};
  }
  insert(pending);
  return {};
}

Result<AcquisitionDesk::Started> AcquisitionDesk::start(const AddressNumber& address,
                                                        const SymbolMap& symbols, Timestamp now) {
  if (symbols.find_symbol(address).ok()) return ErrorCode::kAlreadyAcquired;
  const std::optional<PendingAcquisition> former = find(address);
  if (former && former->valid_until >= now) return Started{.pending = *former, .fresh = false};
  // Drawn while the lapsed number is still known, so that it is not assigned again at once.
  NAKADACHI_TRY(const AcquisitionNumber number, draw());
  if (former) forget(former->number);
  const PendingAcquisition pending{number, address, now + period_ms_};
  insert(pending);
  return Started{.pending = pending, .fresh = true};
}

Result<AcquisitionNumber> AcquisitionDesk::draw() {
  if (by_number_.size() >= limits::kMaxPendingAcquisitions) {
    return Error{.code = ErrorCode::kQueueFull, .field = "acquisition_pool"};
  }
  // Among one number more than are known there is a free one. In a pool that is large beside
  // them the first is free nearly always.
  std::uint64_t place = random_.next_u64() % pool_.size();
  const std::uint64_t tries = std::min<std::uint64_t>(by_number_.size() + 1, pool_.size());
  for (std::uint64_t i = 0; i < tries; ++i, place = (place + 1) % pool_.size()) {
    const AcquisitionNumber number = pool_.at(place);
    if (!by_number_.contains(number)) return number;
  }
  return Error{.code = ErrorCode::kQueueFull, .field = "acquisition_pool"};
}

Result<AcquisitionDesk::Arrival> AcquisitionDesk::on_symbol(const AcquisitionNumber& number,
                                                            const Symbol& symbol,
                                                            const SymbolMap& symbols,
                                                            Timestamp now) {
  NAKADACHI_TRY(const AddressNumber address, take(number, now));
  const Result<Symbol> had = symbols.find_symbol(address);
  const Result<AddressNumber> holder = symbols.find_address(symbol);
  Arrival arrival{.verdict = Verdict::kBind, .address = address, .holder = std::nullopt};
  if (holder.ok() && *holder == address) {
    arrival.verdict = Verdict::kBoundBefore;
  } else if (holder.ok()) {
    arrival.verdict = Verdict::kSamePerson;
    arrival.holder = *holder;
  } else if (had.ok()) {
    arrival.verdict = Verdict::kOtherSymbol;
  }
  return arrival;
}

Result<AddressNumber> AcquisitionDesk::on_already_acquired(const AcquisitionNumber& number,
                                                           Timestamp now) {
  return take(number, now);
}

std::vector<AddressNumber> AcquisitionDesk::lapse(Timestamp now) {
  std::vector<AddressNumber> lapsed;
  while (!by_end_.empty() && by_end_.begin()->first < now) {
    const AcquisitionNumber number = by_end_.begin()->second;
    lapsed.push_back(by_number_.at(number).address);
    forget(number);
  }
  return lapsed;
}

std::optional<Timestamp> AcquisitionDesk::next_lapse() const {
  if (by_end_.empty()) return std::nullopt;
  return by_end_.begin()->first + 1;
}

std::optional<PendingAcquisition> AcquisitionDesk::find(const AddressNumber& address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return std::nullopt;
  return PendingAcquisition{found->second, address, by_number_.at(found->second).valid_until};
}

std::optional<AddressNumber> AcquisitionDesk::find(const AcquisitionNumber& number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return found->second.address;
}

std::vector<AcquisitionDesk::UnderWay> AcquisitionDesk::list(std::optional<AddressNumber> after,
                                                             std::size_t at_most) const {
  std::vector<UnderWay> page;
  auto next = after ? by_address_.upper_bound(*after) : by_address_.begin();
  for (; next != by_address_.end() && page.size() < at_most; ++next) {
    const auto& [address, number] = *next;
    page.push_back({address, by_number_.at(number).valid_until});
  }
  return page;
}

void AcquisitionDesk::insert(const PendingAcquisition& pending) {
  by_number_.insert_or_assign(pending.number, Waiting{pending.address, pending.valid_until});
  by_address_.insert_or_assign(pending.address, pending.number);
  by_end_.emplace(pending.valid_until, pending.number);
}

void AcquisitionDesk::forget(AcquisitionNumber number) {
  const Waiting waiting = by_number_.at(number);
  auto end = by_end_.extract(std::pair(waiting.valid_until, number));
  wipe(&end.value(), sizeof(end.value()));
  auto by_address = by_address_.extract(waiting.address);
  wipe(&by_address.mapped(), sizeof(by_address.mapped()));
  auto by_number = by_number_.extract(number);
  wipe(&by_number.key(), sizeof(by_number.key()));
}

Result<AddressNumber> AcquisitionDesk::take(const AcquisitionNumber& number, Timestamp now) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end() || found->second.valid_until < now) {
    ++unmatched_;
    return ErrorCode::kUnknownAcquisition;
  }
  const AddressNumber address = found->second.address;
  forget(number);
  return address;
}

}  // namespace nakadachi::symbols
