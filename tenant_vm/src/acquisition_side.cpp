#include <algorithm>
#include <utility>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {

using exchange::StatementKind;
using storage::Section;

// Our own acquisitions --------------------------------------------------------

/// Assigns a 取得番号, or tells the one under way.
Result<NodeCore::Impl::Change> NodeCore::Impl::start_acquisition(Partition& partition,
                                                                 Institution& institution,
                                                                 const AddressNumber& person,
                                                                 wire::AdminAnswer& answer) {
  NAKADACHI_TRY(const symbols::AcquisitionDesk::Started started,
                institution.acquisitions.start(person, institution.symbols, now_));
  answer = wire::AcquisitionUnderWay{.number = started.pending.number.reveal(),
                                     .valid_until = started.pending.valid_until};
  Change change;
  change.section = Section::kAcquisition;
  NAKADACHI_TRY(change.key, acquisition_key(partition.cipher, institution.code, person));
  NAKADACHI_TRY(change.value, seal_acquisition(partition.cipher, change.key,
                                               {institution.code, started.pending}, *random_));
  const Timestamp lapse = started.pending.valid_until + 1;
  if (!next_lapse_ || lapse < *next_lapse_) next_lapse_ = lapse;
  return change;
}

/// The symbol has come, or the word that it was issued long ago. The 取得番号 is
/// erased in either case (番号法 21条の2第3項).
void NodeCore::Impl::on_symbol_notice(const wire::LinkItem& item) {
  if (const auto checked = items_.check_core(item); !checked) return count(checked.error().code);
  const auto notice = wire::decode_symbol_notice(item.statement);
  if (!notice) return count(notice.error().code);
  const auto holder = holder_of(notice->institution);
  if (!holder) return count(ErrorCode::kUnknownInstitution);
  Partition& owner = partitions_[*holder];
  LaneSlot& slot = slot_of(*holder);
  // What is turned away here comes again, for it is not confirmed.
  if (!slot.lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  if (owner.notices.size() >= owner.quota.max_queued) return count(ErrorCode::kQueueFull);
  owner.notices.push_back(
      {.notice = *notice, .bytes = static_cast<std::uint32_t>(item.statement.size())});
  slot.fair.activate(flow_of(slot, *holder, FlowSort::kRequests));
}

void NodeCore::Impl::take_notice(std::size_t partition, const SymbolNoticeJob& job) {
  const exchange::SymbolNotice& notice = job.notice;
  Partition& owner = partitions_[partition];
  Institution& institution = owner.institutions.at(notice.institution);
  const auto number = AcquisitionNumber::from_number(notice.acquisition_number);
  if (!number) return count(number.error().code);
  using Verdict = symbols::AcquisitionDesk::Verdict;
  std::optional<AddressNumber> person;
  bool bind = false;
  if (notice.already_acquired) {
    const auto known = institution.acquisitions.on_already_acquired(*number, now_);
    if (!known) return count(known.error().code);
    person = *known;
    count(ErrorCode::kAlreadyAcquired);
    tell_operators(ErrorCode::kAlreadyAcquired, notice.institution);
  } else {
    const auto arrival =
        institution.acquisitions.on_symbol(*number, notice.symbol, institution.symbols, now_);
    if (!arrival) {  // used before, or too late: the core need not send it again
      if (awaits_receipt(owner, notice)) return;  // but not before its change is durable
      count(arrival.error().code);
      return confirm_symbol(partition, notice.institution, notice.acquisition_number);
    }
    person = arrival->address;
    bind = arrival->verdict == Verdict::kBind;
    if (!bind && arrival->verdict != Verdict::kBoundBefore) {
      count(ErrorCode::kRowConflict);
      tell_operators(ErrorCode::kRowConflict, notice.institution);
    }
  }
  keep_symbol(partition, job, *person, bind);
}

bool NodeCore::Impl::awaits_receipt(const Partition& partition,
                                    const exchange::SymbolNotice& notice) {
  const std::pair wanted(notice.institution, notice.acquisition_number);
  return std::any_of(partition.receipts.begin(), partition.receipts.end(),
                     [&](const auto& receipt) { return receipt.second == wanted; });
}

/// Stores the binding and erases the number; the core is told when both are durable. The
/// notice is counted on the row that erases, which there is in either case.
void NodeCore::Impl::keep_symbol(std::size_t partition, const SymbolNoticeJob& job,
                                 const AddressNumber& begun_as, bool bind) {
  const exchange::SymbolNotice& notice = job.notice;
  Partition& owner = partitions_[partition];
  const InstitutionCode& institution = notice.institution;
  // Persons merged meanwhile: the symbol is the survivor's.
  const symbols::PersonRecord* const record = owner.persons.find(begun_as);
  const AddressNumber person = record != nullptr ? record->number : begun_as;
  const auto symbol = symbol_key(owner.cipher, institution, person);
  const auto acquisition = acquisition_key(owner.cipher, institution, begun_as);
  if (!symbol || !acquisition) return count(ErrorCode::kKeyUnavailable);
  if (bind) {
    auto value =
        seal_symbol(owner.cipher, *symbol, {institution, {person, notice.symbol}}, *random_);
    if (!value) return count(value.error().code);
    push_own_change(partition, institution, "symbol arrived",
                    {.section = Section::kSymbol,
                     .key = *symbol,
                     .value = *std::move(value),
                     .messages_in = 0,
                     .bytes_in = 0});
  }
  const ExchangeId erased = push_own_change(partition, institution, "acquisition ended",
                                            {.section = Section::kAcquisition,
                                             .key = *acquisition,
                                             .operation = copies::Operation::kDelete,
                                             .bytes_in = job.bytes});
  if (!notice.already_acquired) {
    owner.receipts.emplace(erased, std::pair(institution, notice.acquisition_number));
  }
}

void NodeCore::Impl::confirm_symbol(std::size_t partition, const InstitutionCode& code,
                                    std::uint64_t number) {
  const exchange::SymbolReceipt receipt{
      .institution = code, .acquisition_number = number, .at = now_};
  statuses_.add(make_item(StatementKind::kSymbolReceipt, code, wire::encode(receipt),
                          institution(partition, code)));
  if (!outbox_since_) outbox_since_ = now_;
}

void NodeCore::Impl::lapse_acquisitions() {
  if (!next_lapse_ || now_ < *next_lapse_) return;
  next_lapse_.reset();
  for (std::size_t index = 0; index < partitions_.size(); ++index) {
    Partition& partition = partitions_[index];
    const bool open = slot_of(index).lane.is_open();
    for (auto& [code, institution] : partition.institutions) {
      if (open) {
        for (const AddressNumber& person : institution.acquisitions.lapse(now_)) {
          const auto key = acquisition_key(partition.cipher, code, person);
          if (!key) continue;
          push_own_change(index, code, "acquisition lapsed",
                          {.section = Section::kAcquisition,
                           .key = *key,
                           .operation = copies::Operation::kDelete,
                           .messages_in = 0});
        }
      }
      const auto next = institution.acquisitions.next_lapse();
      if (open && next && (!next_lapse_ || *next < *next_lapse_)) next_lapse_ = next;
    }
  }
}

// At another body's wish ------------------------------------------------------

/// 施行令 26条3項, the asking side: name, birth date, sex and address go sealed to the
/// provider. Nothing of it is kept.
Result<void> NodeCore::Impl::ask_to_acquire(std::size_t partition,
                                            const wire::AdminRequest& request,
                                            const wire::AskToAcquire& command) {
  Partition& owner = partitions_[partition];
  const crypto::RegistryEntry* const provider = registry_.find(command.provider);
  if (provider == nullptr) return ErrorCode::kUnknownInstitution;
  Institution& asker = owner.institutions.at(request.institution);
  exchange::AcquisitionRequest wish;
  wish.request_hash = crypto::sha256({as_bytes("nakadachi wish v1"), request.key.view()});
  wish.asker = request.institution;
  wish.provider = command.provider;
  wish.asked_at = now_;
  const crypto::AnswerBinding binding{.permit_hash = Digest(),
                                      .request_hash = wish.request_hash,
                                      .provider = wish.asker,
                                      .asker = wish.provider};
  NAKADACHI_TRY(const auto sealed, asker.sealer.seal(provider->sealing_key, binding,
                                                     symbols::encode(command.person), now_));
  wish.sealed_items = wire::encode(sealed);
  statuses_.add(
      make_item(StatementKind::kAcquisitionRequest, wish.provider, wire::encode(wish), asker));
  if (!outbox_since_) outbox_since_ = now_;
  return {};
}

/// The providing side: one person who fits in all four items is acquired at once;
/// otherwise staff have to find out.
void NodeCore::Impl::on_acquisition_request(const wire::LinkItem& item) {
  const auto wish = wire::decode_acquisition_request(item.statement);
  if (!wish) return count(wish.error().code);
  const auto checked = items_.check_node(item, wish->asker, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  const auto holder = holder_of(wish->provider);
  if (!holder) return count(ErrorCode::kUnknownInstitution);
  Partition& owner = partitions_[*holder];
  Institution& provider = owner.institutions.at(wish->provider);
  const auto same = [&](const KeptWish& kept) { return kept.request_hash == wish->request_hash; };
  if (std::any_of(provider.wishes.begin(), provider.wishes.end(), same)) return;
  const auto sealed = wire::decode_sealed_answer(wish->sealed_items);
  if (!sealed) return count(sealed.error().code);
  const auto opened = provider.opener.open(*sealed, {.permit_hash = Digest(),
                                                     .request_hash = wish->request_hash,
                                                     .provider = wish->asker,
                                                     .asker = wish->provider});
  if (!opened) return count(opened.error().code);
  auto items = symbols::decode_four_items(*opened);
  if (!items) return count(items.error().code);
  const symbols::AddressBook::Match match = owner.persons.match(*items);
  bool begun = false;
  if (match.person && slot_of(*holder).lane.has_room()) {
    wire::AdminAnswer ignored;
    auto change = start_acquisition(owner, provider, *match.person, ignored);
    begun = change.ok();
    if (begun) {
      const crypto::RegistryEntry* const asker = registry_.find(wish->asker);
      change->outside = asker == nullptr || !members_.contains(asker->tenant);
      change->bytes_in = static_cast<std::uint32_t>(item.statement.size());
      push_own_change(*holder, wish->provider, "asked by another body", *std::move(change));
    }
  }
  provider.wishes.push_back({.request_hash = wish->request_hash,
                             .wish = {.asker = wish->asker,
                                      .person = *std::move(items),
                                      .candidates = match.candidates,
                                      .begun = begun,
                                      .asked_at = wish->asked_at}});
  if (provider.wishes.size() > limits::kMaxWishesKept) provider.wishes.pop_front();
}

}  // namespace nakadachi::tenant_vm
