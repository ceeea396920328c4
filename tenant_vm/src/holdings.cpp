#include <utility>
#include <vector>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/tenant_vm/holding_values.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {

using storage::Section;

// From the store to memory ----------------------------------------------------

/// Takes one holding as it is stored. One that does not open is left out and
/// counted: whoever asks for it is told that there is none, and operators are told
/// of the count.
void NodeCore::Impl::apply(Partition& partition, const storage::Holding& holding) {
  const auto take = [&]() -> Result<void> {
    switch (holding.section) {
      case Section::kSymbol:
        return recover_symbol(partition, holding.key, holding.value);
      case Section::kAcquisition: {
        const auto stored = open_acquisition(partition.cipher, holding.key, holding.value);
        if (!stored) return take_wish(partition, holding.key, holding.value);
        return partition.institutions.at(stored->institution)
            .acquisitions.recover(stored->acquisition);
      }
      case Section::kCopy: {
        NAKADACHI_TRY(const copies::StoredCopy copy,
                      copies::open_copy(partition.cipher, holding.key, holding.value));
        partition.institutions.at(copy.institution)
            .copies.put(holding.key, copy.kind, copy.content.dataset, holding.value);
        return {};
      }
      case Section::kFlag: {
        NAKADACHI_TRY(const copies::PersonFlags flags,
                      copies::open_flags(partition.cipher, holding.key, holding.value));
        partition.institutions.at(flags.institution).flags.put(holding.key, holding.value);
        return {};
      }
      case Section::kPerson: {
        NAKADACHI_TRY(symbols::PersonRecord person,
                      open_person(partition.cipher, holding.key, holding.value));
        return partition.persons.put(std::move(person));
      }
      case Section::kSetting: {
        NAKADACHI_TRY(const copies::AnswerSetting setting,
                      copies::open_answer_setting(partition.cipher, holding.key, holding.value));
        partition.institutions.at(setting.institution).modes.put(setting.kind, setting.mode);
        return {};
      }
    }
    return {};
  };
  const auto taken = take();
  if (taken) return;
  count(taken.error().code);
  if (holding.section == Section::kSymbol) partition.all_symbols_read = false;
}

/// Bindings are gathered: one map is made of all of them.
Result<void> NodeCore::Impl::recover_symbol(Partition& partition, const HoldingKey& key,
                                            ByteView value) {
  NAKADACHI_TRY(const StoredSymbol stored, open_symbol(partition.cipher, key, value));
  partition.institutions.at(stored.institution).recovered_symbols.push_back(stored.binding);
  return {};
}

/// A symbol is bound, bound to another number, or nobody's any more.
Result<void> NodeCore::Impl::apply_symbol(Partition& partition, const PendingChange& change) {
  const storage::ChangeRow& row = change.row;
  std::vector<symbols::SymbolMap::Binding> added;
  std::vector<AddressNumber> removed;
  std::optional<InstitutionCode> whose;
  if (change.unbinds) {
    whose = change.unbinds->first;
    removed.push_back(change.unbinds->second);
  }
  if (!row.erase) {
    NAKADACHI_TRY(const StoredSymbol stored, open_symbol(partition.cipher, row.key, row.value));
    whose = stored.institution;
    added.push_back(stored.binding);
  }
  if (!whose) return {};  // the binding that takes its place says it
  symbols::SymbolMap& symbols = partition.institutions.at(*whose).symbols;
  NAKADACHI_TRY(symbols, symbols.with(added, removed));
  return {};
}

void NodeCore::Impl::finish_recovery(Partition& partition) {
  for (auto& [code, institution] : partition.institutions) {
    const auto bindings = std::exchange(institution.recovered_symbols, {});
    auto made = institution.symbols.with(bindings);
    if (made) {
      institution.symbols = *std::move(made);
    } else {
      partition.all_symbols_read = false;
      count(made.error().code);
      tell_operators(made.error().code, code);
    }
    if (!institution.asked_wishes.empty()) next_wish_ = now_;
    const auto lapse = institution.acquisitions.next_lapse();
    if (lapse && (!next_lapse_ || *lapse < *next_lapse_)) next_lapse_ = lapse;
  }
}

void NodeCore::Impl::apply_erased(Partition& partition, Section section, const HoldingKey& key) {
  for (auto& [code, institution] : partition.institutions) {
    if (section == Section::kCopy) institution.copies.erase(key);
    if (section == Section::kFlag) institution.flags.erase(key);
  }
  // An acquisition was forgotten when it was decided, a person is when the survivor is put.
}

// From a decision to the store ------------------------------------------------

Units NodeCore::Impl::units_of(const Change& change) {
  const bool of_symbols =
      change.section == Section::kSymbol || change.section == Section::kAcquisition;
  const auto plain_size = [](const Bytes& sealed) {
    return sealed.empty() ? 0 : sealed.size() - crypto::TenantCipher::kOverhead;
  };
  const Cause cause = of_symbols ? Cause::kSymbols : Cause::kHoldings;
  return {
      .cause = change.outside ? Cause::kOutside : cause,
      .messages_in = change.messages_in,
      .bytes_in = change.bytes_in.value_or(static_cast<std::uint32_t>(plain_size(change.value)))};
}

Result<PendingChange> NodeCore::Impl::make_row(std::size_t partition, const ExchangeId& id,
                                               const InstitutionCode& institution,
                                               const copies::ChangeReason& reason, Change change) {
  Partition& owner = partitions_[partition];
  const copies::ChangeRecord record{.section = static_cast<std::uint8_t>(change.section),
                                    .institution = institution,
                                    .operation = change.operation,
                                    .kind = change.kind,
                                    .reason = reason,
                                    .at = now_};
  PendingChange pending;
  pending.partition = partition;
  storage::ChangeRow& row = pending.row;
  row.tenant = owner.tenant;
  row.change = id;
  row.section = change.section;
  row.key = change.key;
  row.erase = change.value.empty();
  row.units = units_of(change);
  row.salt = random_->make<Salt>();
  row.leaf = crypto::leaf_hash(row.salt, storage::kChangeLeafKind, copies::encode(record));
  NAKADACHI_TRY(row.record, owner.seal_record(id, record, *random_));
  row.value = std::move(change.value);
  pending.unbinds = change.unbinds;
  return pending;
}

/// A change nobody at the admin door asked for.
Result<PendingChange> NodeCore::Impl::make_own_row(std::size_t partition,
                                                   const InstitutionCode& institution,
                                                   std::string_view why, Change change) {
  const ExchangeId id = make_exchange_id(now_, random_->make<Digest>());
  const auto reason = copies::ChangeReason::make("nakadachi", why);
  NAKADACHI_ASSERT(reason.ok());
  return make_row(partition, id, institution, *reason, std::move(change));
}

/// Sends changes of one tenant on their way, to be durable together or not at all.
void NodeCore::Impl::push_rows(std::vector<PendingChange> rows) {
  for (PendingChange& pending : rows) {
    Partition& owner = partitions_[pending.partition];
    for (const auto& name : owner.names_of(pending.row)) owner.changing.insert(name);
    pending.with_next = &pending != &rows.back();
    slot_of(pending.partition).lane.push(std::move(pending), now_);
  }
}

void NodeCore::Impl::push_own_change(std::size_t partition, const InstitutionCode& institution,
                                     std::string_view why, Change change) {
  auto row = make_own_row(partition, institution, why, std::move(change));
  if (!row) return count(row.error().code);
  push_rows({*std::move(row)});
}

/// Sends the changes of one request on their way; it is answered when they are durable.
void NodeCore::Impl::push_changes(std::size_t partition, const AdminJob& job,
                                  std::vector<Change> changes, wire::AdminAnswer answer) {
  Partition& owner = partitions_[partition];
  const wire::AdminRequest& request = job.request;
  const auto first = owner.change_id(job.staff, request);
  const auto reason = copies::ChangeReason::make(request.who, request.why);
  if (!first) return answer_admin(job.client, request.key, first.error().code);
  if (!reason) return answer_admin(job.client, request.key, reason.error());
  if (changes.empty()) return answer_admin(job.client, request.key, std::move(answer));
  std::vector<PendingChange> rows;
  rows.reserve(changes.size());
  for (Change& change : changes) {
    if (!rows.empty()) change.messages_in = 0;  // the request is one message
    auto row = make_row(partition, change_part(*first, rows.size()), request.institution, *reason,
                        std::move(change));
    if (!row) return answer_admin(job.client, request.key, row.error().code);
    rows.push_back(*std::move(row));
  }
  OpenChange open{.client = job.client,
                  .key = request.key,
                  .answer = std::move(answer),
                  .rows_left = rows.size()};
  owner.open_changes.emplace(*first, std::move(open));
  push_rows(std::move(rows));
}

void NodeCore::Impl::on_change_durable(const PendingChange& change) {
  Partition& owner = partitions_[change.partition];
  const storage::ChangeRow& row = change.row;
  ++counts_.changes;
  for (const auto& name : owner.names_of(row)) owner.changing.extract(name);
  if (row.section == Section::kSymbol) {
    const auto applied = apply_symbol(owner, change);
    if (!applied) count(applied.error().code);
    if (change.unbinds) answer_held_about_nobody(change.partition);
  } else if (row.erase) {
    apply_erased(owner, row.section, row.key);
  } else if (row.section == Section::kAcquisition) {
    // Of an acquisition memory was changed when it was decided; a wish may leave now.
    const auto is_wish = take_wish(owner, row.key, row.value);
    if (!is_wish && is_wish.error().code != ErrorCode::kSealBroken) count(is_wish.error().code);
    answer_wishes(change.partition, row.key);
  } else {
    apply(owner, {.section = row.section, .key = row.key, .value = row.value});
    if (row.section == Section::kPerson) persons_put_.insert(change.partition);
  }
  if (const auto receipt = owner.receipts.extract(row.change)) {
    confirm_symbol(change.partition, receipt.mapped().first, receipt.mapped().second);
  }
  settle_change(owner, row.change, nullptr);
}

/// A conflict means that the change was made before: the request is answered as if
/// it had been made now, and nothing is applied again. A wish whose acquisition is not stored
/// is followed when it comes again.
void NodeCore::Impl::on_change_refused(const PendingChange& change, const Error& error) {
  Partition& owner = partitions_[change.partition];
  for (const auto& name : owner.names_of(change.row)) owner.changing.extract(name);
  const bool made_before = error.code == ErrorCode::kRowConflict;
  for (auto& [code, institution] : owner.institutions) {
    for (KeptWish& kept : institution.wishes) {
      if (made_before || kept.row != change.row.key) continue;
      kept.wish.begun = false;
      kept.row.reset();
    }
  }
  settle_change(owner, change.row.change, made_before ? nullptr : &error);
}

void NodeCore::Impl::settle_change(Partition& partition, const ExchangeId& change,
                                   const Error* refusal) {
  if (refusal == nullptr) partition.changed.remember(change, 0);
  const auto found = partition.open_changes.find(first_part(change));
  if (found == partition.open_changes.end()) return;
  OpenChange& open = found->second;
  --open.rows_left;
  if (refusal == nullptr && open.rows_left > 0) return;
  answer_admin(open.client, open.key,
               refusal == nullptr ? Result<wire::AdminAnswer>(std::move(open.answer))
                                  : Result<wire::AdminAnswer>(*refusal));
  partition.open_changes.erase(found);
}

}  // namespace nakadachi::tenant_vm
