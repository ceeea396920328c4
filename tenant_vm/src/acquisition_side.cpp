#include <algorithm>
#include <iterator>
#include <utility>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {

using exchange::StatementKind;
using storage::Section;

namespace {

constexpr std::int64_t kFirstWishPauseMs = 2'000;
constexpr std::int64_t kLastWishPauseMs = 600'000;

/// The person's own number, unless an acquisition is under way as one of the former ones.
AddressNumber number_under_way(const Partition& partition, const Institution& institution,
                               const AddressNumber& person) {
  const symbols::PersonRecord* const record = partition.persons.find(person);
  if (record == nullptr || institution.acquisitions.find(person)) return person;
  const auto begun = std::ranges::find_if(record->aliases, [&](const AddressNumber& alias) {
    return institution.acquisitions.find(alias).has_value();
  });
  return begun == record->aliases.end() ? person : *begun;
}

}  // namespace

// Our own acquisitions --------------------------------------------------------

/// Assigns a 取得番号, or tells the one under way, which may have been begun under a number
/// that was merged away since.
Result<NodeCore::Impl::Change> NodeCore::Impl::start_acquisition(Partition& partition,
                                                                 Institution& institution,
                                                                 const AddressNumber& person,
                                                                 wire::AdminAnswer& answer) {
  if (institution.symbols.find_symbol(person).ok()) return ErrorCode::kAlreadyAcquired;
  const AddressNumber begun_as = number_under_way(partition, institution, person);
  NAKADACHI_TRY(const symbols::AcquisitionDesk::Started started,
                institution.acquisitions.start(begun_as, institution.symbols, now_));
  answer = wire::AcquisitionUnderWay{.number = started.pending.number.reveal(),
                                     .valid_until = started.pending.valid_until};
  Change change;
  change.section = Section::kAcquisition;
  NAKADACHI_TRY(change.key, acquisition_key(partition.cipher, institution.code, begun_as));
  NAKADACHI_TRY(change.value, seal_acquisition(partition.cipher, change.key,
                                               {institution.code, started.pending}, *random_));
  const Timestamp lapse = started.pending.valid_until + 1;
  if (!next_lapse_ || lapse < *next_lapse_) next_lapse_ = lapse;
  return change;
}

/// Whether anything is on its way to the disk that decides which symbol the person has or
/// awaits, under whichever of the person's numbers.
bool NodeCore::Impl::symbol_changing(Partition& partition, const InstitutionCode& institution,
                                     const AddressNumber& person) {
  if (partition.changing.empty()) return false;
  if (partition.is_person_changing(person)) return true;
  crypto::TenantCipher& cipher = partition.cipher;
  const auto changing = [&](const AddressNumber& number) {
    return partition.is_changing(Section::kSymbol, symbol_key(cipher, institution, number)) ||
           partition.is_changing(Section::kAcquisition,
                                 acquisition_key(cipher, institution, number));
  };
  const symbols::PersonRecord* const record = partition.persons.find(person);
  return changing(person) || (record != nullptr && std::ranges::any_of(record->aliases, changing));
}

/// Whether anything is on its way to the disk that decides whose the symbol is.
bool NodeCore::Impl::holder_changing(Partition& partition, const InstitutionCode& institution,
                                     const Symbol& symbol) {
  if (partition.changing.empty()) return false;
  if (partition.is_changing(Section::kSymbol,
                            binding_name(partition.cipher, institution, symbol))) {
    return true;
  }
  const auto holder = partition.institutions.at(institution).symbols.find_address(symbol);
  return holder && partition.is_changing(Section::kSymbol,
                                         symbol_key(partition.cipher, institution, *holder));
}

wire::SymbolShown NodeCore::Impl::show_symbol(const Partition& partition,
                                              const Institution& institution,
                                              const wire::ShowSymbol& show) {
  wire::SymbolShown shown;
  if (const auto* const symbol = std::get_if<Symbol>(&show.of)) {
    if (const auto person = institution.symbols.find_address(*symbol)) {
      shown.person = *person;
      shown.bound = true;
    }
    return shown;
  }
  const AddressNumber person = partition.current(std::get<AddressNumber>(show.of));
  shown.person = person;
  shown.bound = institution.symbols.find_symbol(person).ok();
  const AddressNumber begun_as = number_under_way(partition, institution, person);
  const auto under_way = institution.acquisitions.find(begun_as);
  if (under_way) shown.under_way_until = under_way->valid_until;
  return shown;
}

/// Those whose number `start_acquisition` would tell: of persons merged meanwhile only one counts,
/// and none once the survivor has a symbol.
wire::Acquisitions NodeCore::Impl::list_acquisitions(const Partition& partition,
                                                     const Institution& institution,
                                                     const wire::ListAcquisitions& list) {
  const auto page = institution.acquisitions.list(list.after, limits::kMaxAcquisitionsListed);
  wire::Acquisitions made;
  for (const symbols::AcquisitionDesk::UnderWay& one : page) {
    const AddressNumber person = partition.current(one.address);
    if (institution.symbols.find_symbol(person)) continue;
    if (number_under_way(partition, institution, person) != one.address) continue;
    made.acquisitions.push_back({person, one.valid_until});
  }
  if (page.size() == limits::kMaxAcquisitionsListed) made.next = page.back().address;
  return made;
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

/// Whether the notice is to be judged by what is on its way to the disk: of the person whose
/// acquisition it ends, and who else has the symbol.
bool NodeCore::Impl::waits_for_change(Partition& partition, const exchange::SymbolNotice& notice) {
  const Institution& institution = partition.institutions.at(notice.institution);
  const auto number = AcquisitionNumber::from_number(notice.acquisition_number);
  const auto begun_as = number ? institution.acquisitions.find(*number) : std::nullopt;
  if (!begun_as) return false;
  return symbol_changing(partition, notice.institution, partition.current(*begun_as)) ||
         holder_changing(partition, notice.institution, notice.symbol);
}

void NodeCore::Impl::take_notice(std::size_t partition, const SymbolNoticeJob& job) {
  const exchange::SymbolNotice& notice = job.notice;
  Partition& owner = partitions_[partition];
  Institution& institution = owner.institutions.at(notice.institution);
  const auto number = AcquisitionNumber::from_number(notice.acquisition_number);
  if (!number) return count(number.error().code);
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
    // Persons merged meanwhile: the symbol is the survivor's, who may have one.
    const auto had = institution.symbols.find_symbol(owner.current(*person));
    bind = !had && !arrival->holder;
    if (!bind && !(had && *had == notice.symbol)) {
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

/// Stores the binding and erases the number, both or neither; the core is told when they are
/// durable. The notice is counted on the row that erases, which there is in either case.
void NodeCore::Impl::keep_symbol(std::size_t partition, const SymbolNoticeJob& job,
                                 const AddressNumber& begun_as, bool bind) {
  const auto stored = store_symbol(partition, job, begun_as, bind);
  if (!stored) return count(stored.error().code);
  if (job.notice.already_acquired) return;
  const std::pair number(job.notice.institution, job.notice.acquisition_number);
  partitions_[partition].receipts.emplace(*stored, number);
}

/// Tells the row that erases.
Result<ExchangeId> NodeCore::Impl::store_symbol(std::size_t partition, const SymbolNoticeJob& job,
                                                const AddressNumber& begun_as, bool bind) {
  crypto::TenantCipher& cipher = partitions_[partition].cipher;
  const InstitutionCode& institution = job.notice.institution;
  std::vector<PendingChange> rows;
  if (bind) {
    const AddressNumber person = partitions_[partition].current(begun_as);
    Change bound{.section = Section::kSymbol, .messages_in = 0, .bytes_in = 0};
    NAKADACHI_TRY(bound.key, symbol_key(cipher, institution, person));
    NAKADACHI_TRY(bound.value, seal_symbol(cipher, bound.key,
                                           {institution, {person, job.notice.symbol}}, *random_));
    NAKADACHI_TRY(PendingChange row,
                  make_own_row(partition, institution, "symbol arrived", std::move(bound)));
    rows.push_back(std::move(row));
  }
  Change erased{.section = Section::kAcquisition,
                .operation = copies::Operation::kDelete,
                .bytes_in = job.bytes};
  NAKADACHI_TRY(erased.key, acquisition_key(cipher, institution, begun_as));
  NAKADACHI_TRY(PendingChange row,
                make_own_row(partition, institution, "acquisition ended", std::move(erased)));
  const ExchangeId id = row.row.change;
  rows.push_back(std::move(row));
  push_rows(std::move(rows));
  return id;
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
    if (!slot_of(index).lane.is_open()) continue;  // `finish_recovery` sets the time again
    for (auto& [code, institution] : partitions_[index].institutions) {
      lapse_acquisitions_of(index, institution);
    }
  }
}

void NodeCore::Impl::lapse_acquisitions_of(std::size_t partition, Institution& institution) {
  for (const AddressNumber& person : institution.acquisitions.lapse(now_)) {
    const auto key = acquisition_key(partitions_[partition].cipher, institution.code, person);
    if (!key) continue;
    push_own_change(partition, institution.code, "acquisition lapsed",
                    {.section = Section::kAcquisition,
                     .key = *key,
                     .operation = copies::Operation::kDelete,
                     .messages_in = 0});
  }
  const auto next = institution.acquisitions.next_lapse();
  if (next && (!next_lapse_ || *next < *next_lapse_)) next_lapse_ = next;
}

// At another body's wish: the asking side ---------------------------------------

/// 施行令 26条3項. The inquiry that the wish stands for is among those of the institution's
/// business systems, each of which has names of its own for its queries.
void NodeCore::Impl::look_for_inquiry(std::size_t partition, AdminJob job) {
  Partition& owner = partitions_[partition];
  const auto& command = std::get<wire::AskToAcquire>(job.request.command);
  Lookup lookup;
  lookup.purpose = Lookup::For::kWish;
  lookup.partition = partition;
  for (const auto& [system, rights] : owner.callers) {
    if (rights.institution != job.request.institution) continue;
    const auto id = owner.ask_id(rights.institution, system, command.inquiry);
    if (!id) return answer_admin(job.client, job.request.key, id.error());
    lookup.others.push_back(*id);
  }
  lookup.job = std::move(job);
  finish_wish(std::move(lookup), {});
}

/// Steps of one of the places where the inquiry may be; looks at the next when there are none.
void NodeCore::Impl::finish_wish(Lookup lookup, const std::vector<storage::StoredStep>& steps) {
  const AdminJob& job = *lookup.job;
  const auto answer = [&](const Error& error) { answer_admin(job.client, job.request.key, error); };
  if (steps.empty()) {
    if (lookup.others.empty()) return answer({.code = ErrorCode::kNoLongerKept});
    lookup.exchange = lookup.others.back();
    lookup.others.pop_back();
    return start_lookup(std::move(lookup));
  }
  Partition& owner = partitions_[lookup.partition];
  if (!slot_of(lookup.partition).lane.is_open()) {
    return answer({.code = ErrorCode::kStoreUnavailable});
  }
  const auto concluded = std::ranges::find(
      steps, storage::Step::kConcluded, [](const storage::StoredStep& step) { return step.step; });
  if (concluded == steps.end()) return answer({.code = ErrorCode::kOutcomeUnknown});
  const auto content = owner.open(*concluded);
  if (!content) return answer(content.error());
  const auto inquiry = wire::decode_conclusion(content->statement);
  if (!inquiry) return answer(inquiry.error());
  if (inquiry->outcome != exchange::Outcome::kProviderHoldsNoSymbol) {
    return answer({.code = ErrorCode::kUnknownEnumValue, .field = "inquiry"});
  }
  auto change = make_wish(owner, job.request, *inquiry);
  if (!change) return answer(change.error());
  std::vector<Change> changes;
  changes.push_back(*std::move(change));
  push_changes(lookup.partition, job, std::move(changes), wire::Done{.count = 1});
}

/// Name, birth date, sex and address go sealed to the provider; the asker cannot open them
/// again. The wish is kept, and so recorded with who and why, until the provider has followed it.
Result<NodeCore::Impl::Change> NodeCore::Impl::make_wish(Partition& partition,
                                                         const wire::AdminRequest& request,
                                                         const exchange::Conclusion& inquiry) {
  const InstitutionCode& to = inquiry.subject.provider;
  const crypto::RegistryEntry* const provider = registry_.find(to);
  if (provider == nullptr) return ErrorCode::kUnknownInstitution;
  Institution& asker = partition.institutions.at(request.institution);
  const crypto::AnswerBinding binding{.permit_hash = Digest(),
                                      .request_hash = inquiry.request_hash,
                                      .provider = asker.code,
                                      .asker = to};
  const auto& person = std::get<wire::AskToAcquire>(request.command).person;
  NAKADACHI_TRY(const auto sealed,
                asker.sealer.seal(provider->sealing_key, binding, symbols::encode(person), now_));
  const exchange::AcquisitionRequest wish{.request_hash = inquiry.request_hash,
                                          .asker = asker.code,
                                          .provider = to,
                                          .asked_at = now_,
                                          .sealed_items = wire::encode(sealed)};
  Change change;
  change.section = Section::kAcquisition;
  change.kind = inquiry.subject.kind;
  NAKADACHI_TRY(change.key, wish_key(partition.cipher, asker.code, wish.request_hash));
  NAKADACHI_TRY(change.value, seal_wish(partition.cipher, change.key,
                                        {asker.code, wire::encode(wish)}, *random_));
  return change;
}

/// A wish is durable, or was found again. Errors: `kSealBroken` when it is none.
Result<void> NodeCore::Impl::take_wish(Partition& partition, const HoldingKey& key,
                                       ByteView value) {
  NAKADACHI_TRY(const StoredWish stored, open_wish(partition.cipher, key, value));
  NAKADACHI_TRY(exchange::AcquisitionRequest request,
                wire::decode_acquisition_request(stored.statement));
  const Digest request_hash = request.request_hash;
  partition.institutions.at(stored.institution)
      .asked_wishes.insert_or_assign(
          request_hash,
          OpenWish{.request = std::move(request), .send_at = now_, .pause_ms = kFirstWishPauseMs});
  next_wish_ = now_;
  return {};
}

void NodeCore::Impl::send_wishes() {
  if (!next_wish_ || now_ < *next_wish_) return;
  next_wish_.reset();
  for (std::size_t index = 0; index < partitions_.size(); ++index) {
    if (!slot_of(index).lane.is_open()) continue;  // `finish_recovery` sets the time again
    for (auto& [code, asker] : partitions_[index].institutions) send_wishes_of(index, asker);
  }
}

void NodeCore::Impl::send_wishes_of(std::size_t partition, Institution& asker) {
  std::vector<Digest> lapsed;
  for (auto& [request_hash, wish] : asker.asked_wishes) {
    if (wish.send_at <= now_) {
      if (wish.request.asked_at + acquisition_ms_ < now_) {
        lapsed.push_back(request_hash);
      } else {
        statuses_.add(make_item(StatementKind::kAcquisitionRequest, wish.request.provider,
                                wire::encode(wish.request), asker));
        if (!outbox_since_) outbox_since_ = now_;
      }
      wish.send_at = now_ + wish.pause_ms;
      wish.pause_ms = std::min(2 * wish.pause_ms, kLastWishPauseMs);
    }
    if (!next_wish_ || wish.send_at < *next_wish_) next_wish_ = wish.send_at;
  }
  for (const Digest& one : lapsed) end_wish(partition, asker, one, "wish lapsed");
}

/// Does nothing while a later wish for the same inquiry is on its way to the disk: it takes the
/// place of this one.
void NodeCore::Impl::end_wish(std::size_t partition, Institution& asker, const Digest& request_hash,
                              std::string_view why) {
  const auto key = wish_key(partitions_[partition].cipher, asker.code, request_hash);
  if (!key) return count(key.error().code);
  if (partitions_[partition].is_changing(Section::kAcquisition, key)) return;
  asker.asked_wishes.erase(request_hash);
  push_own_change(partition, asker.code, why,
                  {.section = Section::kAcquisition,
                   .key = *key,
                   .operation = copies::Operation::kDelete,
                   .messages_in = 0,
                   .bytes_in = 0});
}

/// Any word but the two about wishes is about a request nobody waits for any more.
void NodeCore::Impl::take_wish_status(const exchange::StatusReply& reply) {
  const auto holder = holder_of(reply.asker);
  if (!holder || !slot_of(*holder).lane.is_open()) return;
  Institution& asker = institution(*holder, reply.asker);
  const auto wish = asker.asked_wishes.find(reply.request_hash);
  if (wish == asker.asked_wishes.end() || wish->second.request.provider != reply.provider ||
      wish->second.request.asked_at != reply.wish_asked_at) {
    return;
  }
  if (reply.status == exchange::Status::kWishHeld) wish->second.pause_ms = kLastWishPauseMs;
  if (reply.status == exchange::Status::kWishFollowed) {
    end_wish(*holder, asker, reply.request_hash, "wish followed");
  }
}

// At another body's wish: the providing side -----------------------------------

/// One person who fits in all four items is acquired at once; otherwise staff have to find out.
/// What waits for them is in memory: the asker sends its wish again until it is followed. A later
/// wish for the same inquiry takes the place of the former: it may name other items, and what was
/// begun may have ended without a symbol.
void NodeCore::Impl::on_acquisition_request(const wire::LinkItem& item) {
  const auto wish = wire::decode_acquisition_request(item.statement);
  if (!wish) return count(wish.error().code);
  const auto checked = items_.check_node(item, wish->asker, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  const auto holder = holder_of(wish->provider);
  if (!holder) return count(ErrorCode::kUnknownInstitution);
  // What is turned away here comes again, for it is not confirmed.
  if (!slot_of(*holder).lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  Partition& owner = partitions_[*holder];
  Institution& provider = owner.institutions.at(wish->provider);
  auto kept = std::ranges::find_if(provider.wishes, [&](const KeptWish& one) {
    return one.request_hash == wish->request_hash && one.wish.asker == wish->asker;
  });
  const bool known = kept != provider.wishes.end();
  if (!known || kept->wish.asked_at < wish->asked_at) {
    auto items = open_items(provider, *wish);
    if (!items) return count(items.error().code);
    if (known) provider.wishes.erase(kept);
    if (provider.wishes.size() == limits::kMaxWishesKept) provider.wishes.pop_front();
    provider.wishes.push_back({.request_hash = wish->request_hash,
                               .wish = {.asker = wish->asker,
                                        .person = *std::move(items),
                                        .candidates = {},
                                        .begun = false,
                                        .asked_at = wish->asked_at},
                               .bytes = 0,
                               .row = {}});
    kept = std::prev(provider.wishes.end());
  }
  kept->bytes = static_cast<std::uint32_t>(item.statement.size());
  if (!kept->wish.begun && !follow_wish(*holder, provider, *kept)) return;
  answer_wish(*holder, *kept, provider.code);
}

Result<symbols::FourItems> NodeCore::Impl::open_items(Institution& provider,
                                                      const exchange::AcquisitionRequest& wish) {
  NAKADACHI_TRY(const auto sealed, wire::decode_sealed_answer(wish.sealed_items));
  NAKADACHI_TRY(const Bytes opened, provider.opener.open(sealed, {.permit_hash = Digest(),
                                                                  .request_hash = wish.request_hash,
                                                                  .provider = wish.asker,
                                                                  .asker = wish.provider}));
  return symbols::decode_four_items(opened);
}

/// Persons were put or merged: whom a wish means may be clear now.
void NodeCore::Impl::follow_held_wishes(std::size_t partition) {
  for (auto& [code, provider] : partitions_[partition].institutions) {
    for (KeptWish& kept : provider.wishes) {
      if (kept.wish.begun || kept.wish.asked_at + acquisition_ms_ < now_) continue;
      if (follow_wish(partition, provider, kept) && kept.wish.begun) {
        answer_wish(partition, kept, code);
      }
    }
  }
}

/// The persons may be others than when the wish came first; what is metered is the wish as it
/// came last. Tells whether it can be answered: otherwise it comes again.
bool NodeCore::Impl::follow_wish(std::size_t partition, Institution& provider, KeptWish& kept) {
  Partition& owner = partitions_[partition];
  const symbols::AddressBook::Match match = owner.persons.match(kept.wish.person);
  kept.wish.candidates = match.candidates;
  if (!match.person) return true;
  if (!slot_of(partition).lane.has_room()) return false;
  if (symbol_changing(owner, provider.code, *match.person)) return false;
  wire::AdminAnswer ignored;
  auto change = start_acquisition(owner, provider, *match.person, ignored);
  kept.wish.begun = change.ok() || change.error().code == ErrorCode::kAlreadyAcquired;
  if (!change) return true;
  const crypto::RegistryEntry* const asker = registry_.find(kept.wish.asker);
  kept.row = change->key;
  change->outside = asker == nullptr || !members_.contains(asker->tenant);
  change->bytes_in = kept.bytes;
  push_own_change(partition, provider.code, "asked by another body", *std::move(change));
  return true;
}

/// An acquisition is durable: whoever it was begun for need not wish again.
void NodeCore::Impl::answer_wishes(std::size_t partition, const HoldingKey& row) {
  for (const auto& [code, provider] : partitions_[partition].institutions) {
    for (const KeptWish& kept : provider.wishes) {
      if (kept.row == row) answer_wish(partition, kept, code);
    }
  }
}

/// Says nothing while the beginning is not durable; then it is said.
void NodeCore::Impl::answer_wish(std::size_t partition, const KeptWish& kept,
                                 const InstitutionCode& provider) {
  if (kept.row && partitions_[partition].changing.contains({Section::kAcquisition, *kept.row})) {
    return;
  }
  statuses_.add(make_item(
      StatementKind::kStatusReply, kept.wish.asker,
      wire::encode(exchange::StatusReply{
          .request_hash = kept.request_hash,
          .asker = kept.wish.asker,
          .provider = provider,
          .status = kept.wish.begun ? exchange::Status::kWishFollowed : exchange::Status::kWishHeld,
          .at = now_,
          .wish_asked_at = kept.wish.asked_at}),
      institution(partition, provider)));
  if (!outbox_since_) outbox_since_ = now_;
}

}  // namespace nakadachi::tenant_vm
