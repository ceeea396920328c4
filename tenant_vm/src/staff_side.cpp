#include <algorithm>
#include <concepts>
#include <limits>
#include <set>
#include <utility>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {
namespace {

using copies::Operation;
using storage::Section;

/// Every command is of one of four sorts. What is done about commands names them all, so that
/// a new one does not compile before it has its place everywhere.
template <class T, class... Ts>
concept OneOf = (std::same_as<T, Ts> || ...);
template <class T>
concept Changing = OneOf<T, wire::PutCopy, wire::EraseCopy, wire::EndFullLoad, wire::ChangeFlag,
                         wire::SetAnswerMode, wire::Acquire, wire::BindSymbol, wire::EndSymbol,
                         wire::MoveSymbol, wire::AskToAcquire, wire::PutPerson, wire::MergePersons>;
template <class T>
concept Deciding = OneOf<T, wire::Decide>;
template <class T>
concept Reading = OneOf<T, wire::ListHeld, wire::CountCopies, wire::CountSymbols, wire::ShowFlags,
                        wire::FindPersons, wire::FindPersonByNumber, wire::ListPersons,
                        wire::ListAcquisitionRequests, wire::ListFlags, wire::ListAnswerModes,
                        wire::ShowSymbol, wire::ListAcquisitions>;
template <class T>
concept ForOperators = OneOf<T, wire::ListTenants, wire::ListInstitutions>;

template <class... Handlers>
struct Cases : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Cases(Handlers...) -> Cases<Handlers...>;

bool is_decision(const wire::AdminCommand& command) {
  return std::holds_alternative<wire::Decide>(command);
}

bool is_for_operators(const wire::AdminCommand& command) {
  return std::visit([]<class T>(const T&) { return ForOperators<T>; }, command);
}

bool is_reading(const wire::AdminCommand& command) {
  return std::visit([]<class T>(const T&) { return Reading<T>; }, command);
}

bool is_change(const wire::AdminCommand& command) {
  return std::visit([]<class T>(const T&) { return Changing<T>; }, command);
}

/// Refused for what is registered.
wire::CopiesRefused does_not_fit(copies::Fault fault) {
  return {ErrorCode::kRowConflict, {{.item = 0, .name = "", .fault = fault}}};
}

std::set<InformationKind> kinds_of(const copies::CopyShelf& shelf) {
  std::set<InformationKind> kinds;
  for (const auto& [what, copies] : shelf.counts()) kinds.insert(what.first);
  return kinds;
}

wire::AdminAnswer count_copies(const Institution& institution) {
  wire::CopyCounts counts;
  for (const auto& [what, copies] : institution.copies.counts()) {
    counts.counts.push_back({what.first, what.second, copies});
  }
  return counts;
}

wire::AdminAnswer persons_of(const std::vector<const symbols::PersonRecord*>& found) {
  wire::Persons persons;
  persons.persons.reserve(found.size());
  for (const symbols::PersonRecord* const person : found) persons.persons.push_back(*person);
  return persons;
}

}  // namespace

void NodeCore::Impl::answer_admin(ClientId client, const RequestKey& key,
                                  Result<wire::AdminAnswer> answer) {
  if (!answer) count(answer.error().code);
  out(SendAdminReply{client, {key, std::move(answer)}});
}

// From the door to its turn ---------------------------------------------------

void NodeCore::Impl::handle(AdminRequestsArrived& event) {
  const auto partition = by_staff_.find(event.staff);
  const bool is_operator = operators_.contains(event.staff);
  for (wire::DecodedAdminRequest& decoded : event.requests) {
    const auto answer = [&](Result<wire::AdminAnswer> told) {
      answer_admin(event.client, decoded.key, std::move(told));
    };
    if (!decoded.request) {
      answer(decoded.request.error());
    } else if (is_operator) {
      answer(read_as_operator(decoded.request->command));
    } else if (partition == by_staff_.end()) {
      answer(ErrorCode::kUnknownKey);
    } else {
      enqueue_request(partition->second, {event.client, event.staff, *std::move(decoded.request)});
    }
  }
}

void NodeCore::Impl::enqueue_request(std::size_t partition, AdminJob job) {
  Partition& owner = partitions_[partition];
  LaneSlot& slot = slot_of(partition);
  const wire::AdminRequest& request = job.request;
  if (const auto allowed = check_rights(owner, job); !allowed) {
    return answer_admin(job.client, request.key, allowed.error());
  }
  if (is_reading(request.command)) {
    owner.use_current_numbers(job.request.command);
    return answer_admin(job.client, request.key, read(owner, request));
  }
  if (!slot.lane.is_open()) {
    return answer_admin(job.client, request.key, ErrorCode::kStoreUnavailable);
  }
  if (owner.requests.size() >= owner.quota.max_queued) {
    return answer_admin(job.client, request.key, ErrorCode::kQueueFull);
  }
  owner.requests.push_back(std::move(job));
  slot.fair.activate(flow_of(slot, partition, FlowSort::kRequests));
}

Result<void> NodeCore::Impl::check_rights(const Partition& partition, const AdminJob& job) const {
  const auto known = partition.staff.find(job.staff);
  if (known == partition.staff.end()) return ErrorCode::kUnknownKey;
  const StaffRights& rights = known->second;
  const wire::AdminRequest& request = job.request;
  const bool allowed = rights.institution == request.institution &&
                       (rights.may_change || !is_change(request.command)) &&
                       (rights.may_decide || !is_decision(request.command)) &&
                       !is_for_operators(request.command);
  if (!allowed) return ErrorCode::kInstitutionNotAllowed;
  return {};
}

/// Changes of one holding are decided one after the other, each on what the former
/// has left; so is a held request whose answer rests on it.
bool NodeCore::Impl::touches_change(Partition& partition, const AdminJob& job) {
  if (partition.changing.empty()) return false;
  crypto::TenantCipher& cipher = partition.cipher;
  const InstitutionCode& institution = job.request.institution;
  const auto copy_changing = [&](const auto& command) {
    return partition.is_person_changing(command.person) ||
           partition.is_changing(
               Section::kCopy, copies::copy_key(cipher, institution, command.person, command.kind));
  };
  const Cases touches = {
      [&](const wire::PutCopy& put) { return copy_changing(put); },
      [&](const wire::EraseCopy& erase) { return copy_changing(erase); },
      [&](const wire::ChangeFlag& flag) {
        return partition.is_person_changing(flag.person) ||
               partition.is_changing(Section::kFlag,
                                     copies::flag_key(cipher, institution, flag.person));
      },
      [&](const wire::SetAnswerMode& mode) {
        return partition.is_changing(Section::kSetting,
                                     copies::answer_setting_key(cipher, institution, mode.kind));
      },
      [&](const wire::Acquire& acquire) {
        return symbol_changing(partition, institution, acquire.person);
      },
      [&](const wire::BindSymbol& bind) {
        return symbol_changing(partition, institution, bind.person) ||
               holder_changing(partition, institution, bind.symbol);
      },
      [&](const wire::EndSymbol& end) {
        return symbol_changing(partition, institution, end.person);
      },
      [&](const wire::MoveSymbol& move) {
        return symbol_changing(partition, institution, move.from) ||
               symbol_changing(partition, institution, move.to);
      },
      [&](const wire::Decide& decide) {
        const auto held = partition.held.find(decide.request);
        return held != partition.held.end() && waits_for_change(partition, held->second.job);
      },
      // These touch many: they wait until nothing is on its way.
      [](const OneOf<wire::EndFullLoad, wire::PutPerson, wire::MergePersons> auto&) {
        return true;
      },
      [](const wire::AskToAcquire&) { return false; },  // stands for an inquiry that has ended
      [](const Reading auto&) { return false; }, [](const ForOperators auto&) { return false; }};
  return std::visit(touches, job.request.command);
}

void NodeCore::Impl::admit_request(std::size_t partition, AdminJob job) {
  Partition& owner = partitions_[partition];
  const wire::AdminRequest& request = job.request;
  const auto answer = [&](Result<wire::AdminAnswer> told) {
    answer_admin(job.client, request.key, std::move(told));
  };
  // They may have been taken away since it came.
  if (const auto allowed = check_rights(owner, job); !allowed) return answer(allowed.error());
  if (auto reason = copies::ChangeReason::make(request.who, request.why); !reason) {
    return answer(reason.error());
  }
  if (is_decision(request.command)) return decide_held(partition, std::move(job));
  const auto id = owner.change_id(job.staff, request);
  if (!id) return answer(id.error());
  const std::int64_t age_ms = now_ - time_of(request.key);
  if (age_ms < -limits::kMaxClockSkewMs || age_ms > limits::kMaxClockSkewMs ||
      bucket_of(*id) < owner.changed.complete_from()) {
    return answer(ErrorCode::kClockSkew);
  }
  if (const auto open = owner.open_changes.find(*id); open != owner.open_changes.end()) {
    open->second.client = job.client;
    return;
  }
  if (owner.changed.find(*id) != nullptr) return answer(wire::AdminAnswer(wire::Done{}));
  if (std::holds_alternative<wire::AskToAcquire>(request.command)) {
    return look_for_inquiry(partition, std::move(job));
  }
  wire::AdminAnswer told = wire::Done{.count = 0};
  auto changes = plan(owner, request, told);
  if (!changes) return answer(changes.error());
  if (const auto* const refused = std::get_if<wire::CopiesRefused>(&told)) count(refused->code);
  if (auto* const done = std::get_if<wire::Done>(&told)) {
    done->count = static_cast<std::uint32_t>(changes->size());
  }
  push_changes(partition, job, *std::move(changes), std::move(told));
}

// What a request changes ------------------------------------------------------

Result<std::vector<NodeCore::Impl::Change>> NodeCore::Impl::plan(Partition& partition,
                                                                 const wire::AdminRequest& request,
                                                                 wire::AdminAnswer& answer) {
  Institution& institution = partition.institutions.at(request.institution);
  using Changes = Result<std::vector<Change>>;
  const auto at_most_one = [](Result<Change> change) -> Changes {
    if (!change) return change.error();
    std::vector<Change> changes;
    if (change->key != HoldingKey()) changes.push_back(*std::move(change));
    return changes;
  };
  const Cases plans = {
      [&](const wire::PutCopy& put) {
        return at_most_one(plan_copy(partition, institution, put, answer));
      },
      [&](const wire::EraseCopy& erase) {
        return at_most_one(plan_removal(partition, institution, erase, answer));
      },
      [&](const wire::EndFullLoad& end) -> Changes { return plan_end(institution, end, answer); },
      [&](const wire::ChangeFlag& flag) {
        return at_most_one(plan_flag(partition, institution, flag, answer));
      },
      [&](const wire::SetAnswerMode& mode) {
        return at_most_one(plan_mode(partition, institution, mode));
      },
      [&](const wire::Acquire& acquire) {
        return at_most_one(start_acquisition(partition, institution, acquire.person, answer));
      },
      [&](const wire::BindSymbol& bind) {
        return at_most_one(plan_binding(partition, institution, bind));
      },
      [&](const wire::EndSymbol& end) {
        return at_most_one(plan_symbol_end(partition, institution, end.person));
      },
      [&](const wire::MoveSymbol& move) { return plan_symbol_move(partition, institution, move); },
      [&](const wire::PutPerson& person) { return plan_person(partition, person, answer); },
      [&](const wire::MergePersons& merge) { return plan_merge(partition, merge); },
      // The store is looked through first: `look_for_inquiry`.
      [](const wire::AskToAcquire&) -> Changes { return ErrorCode::kInternal; },
      [](const Deciding auto&) -> Changes { return ErrorCode::kInternal; },
      [](const Reading auto&) -> Changes { return ErrorCode::kInternal; },
      [](const ForOperators auto&) -> Changes { return ErrorCode::kInternal; }};
  return std::visit(plans, request.command);
}

/// A change without a key when the copy is registered so already, or refused.
Result<NodeCore::Impl::Change> NodeCore::Impl::plan_copy(Partition& partition,
                                                         Institution& institution,
                                                         const wire::PutCopy& command,
                                                         wire::AdminAnswer& answer) {
  NAKADACHI_TRY(copies::CopyContent content, copies::decode_content(command.content));
  auto findings = copies::check_copy(command.kind, content, layouts_, Day::of(now_));
  if (!findings.empty()) {
    answer = wire::CopiesRefused{ErrorCode::kWrongFormat, std::move(findings)};
    return Change();
  }
  NAKADACHI_TRY(const HoldingKey key,
                copies::copy_key(partition.cipher, institution.code, command.person, command.kind));
  const copies::StoredCopy copy{.institution = institution.code,
                                .person = command.person,
                                .kind = command.kind,
                                .content = std::move(content)};
  NAKADACHI_TRY(const copies::Effect effect,
                copies::effect_of(copy, key, institution.copies, partition.cipher));
  if (effect == copies::Effect::kUnchanged) return Change();
  if (effect == copies::Effect::kSuperseded) {
    answer = does_not_fit(copies::Fault::kOlderLoad);
    return Change();
  }
  Change change;
  change.section = Section::kCopy;
  change.key = key;
  change.kind = command.kind;
  change.operation =
      effect == copies::Effect::kReplaced ? Operation::kReplace : Operation::kRegister;
  NAKADACHI_TRY(change.value, copies::seal_copy(partition.cipher, key, copy, *random_));
  return change;
}

/// A change without a key when there is nothing to remove, or it is refused.
Result<NodeCore::Impl::Change> NodeCore::Impl::plan_removal(Partition& partition,
                                                            Institution& institution,
                                                            const wire::EraseCopy& command,
                                                            wire::AdminAnswer& answer) {
  NAKADACHI_TRY(const HoldingKey key,
                copies::copy_key(partition.cipher, institution.code, command.person, command.kind));
  const std::uint64_t any_dataset = std::numeric_limits<std::uint64_t>::max();
  const copies::Effect effect =
      copies::effect_of_removal(key, command.dataset.value_or(any_dataset), institution.copies);
  if (effect == copies::Effect::kSuperseded) answer = does_not_fit(copies::Fault::kOlderLoad);
  if (effect != copies::Effect::kDeleted) return Change();
  return Change{Section::kCopy, key, {}, Operation::kDelete, command.kind};
}

/// Some of what a full load has left behind; nothing when its end is refused.
std::vector<NodeCore::Impl::Change> NodeCore::Impl::plan_end(const Institution& institution,
                                                             const wire::EndFullLoad& command,
                                                             wire::AdminAnswer& answer) {
  std::vector<Change> changes;
  const auto left =
      copies::plan_end(command.kind, command.dataset, command.copies, institution.copies);
  if (!left) {
    answer = does_not_fit(left.error().field == "dataset" ? copies::Fault::kOlderLoad
                                                          : copies::Fault::kOtherCount);
    return changes;
  }
  for (const HoldingKey& key : *left) {
    if (changes.size() == limits::kMaxErasedPerRequest) break;
    changes.push_back({Section::kCopy, key, {}, Operation::kDelete, command.kind});
  }
  return changes;
}

/// A change without a key when the flag is (or is not) set already.
Result<NodeCore::Impl::Change> NodeCore::Impl::plan_flag(Partition& partition,
                                                         Institution& institution,
                                                         const wire::ChangeFlag& command,
                                                         wire::AdminAnswer& answer) {
  NAKADACHI_TRY(copies::PersonFlags flags,
                institution.flags.find(partition.cipher, command.person));
  bool changed = false;
  if (command.set) {
    NAKADACHI_TRY(changed, copies::set_flag(flags, command.flag));
  } else {
    changed = copies::clear_flag(flags, command.flag);
  }
  answer = wire::Done{.count = changed ? 1U : 0U};
  Change change;
  if (!changed) return change;
  change.section = Section::kFlag;
  change.kind = command.flag.kind;
  change.operation = command.set ? Operation::kSet : Operation::kClear;
  NAKADACHI_TRY(change.key, copies::flag_key(partition.cipher, institution.code, command.person));
  if (flags.flags.empty()) return change;
  NAKADACHI_TRY(change.value, copies::seal_flags(partition.cipher, change.key, flags, *random_));
  return change;
}

Result<NodeCore::Impl::Change> NodeCore::Impl::plan_mode(Partition& partition,
                                                         Institution& institution,
                                                         const wire::SetAnswerMode& command) {
  Change change;
  change.section = Section::kSetting;
  change.kind = command.kind;
  change.operation = Operation::kSet;
  NAKADACHI_TRY(change.key,
                copies::answer_setting_key(partition.cipher, institution.code, command.kind));
  const copies::AnswerSetting setting{
      .institution = institution.code, .kind = command.kind, .mode = command.mode};
  NAKADACHI_TRY(change.value,
                copies::seal_answer_setting(partition.cipher, change.key, setting, *random_));
  return change;
}

/// A change without a key when it is bound so already.
Result<NodeCore::Impl::Change> NodeCore::Impl::plan_binding(Partition& partition,
                                                            Institution& institution,
                                                            const wire::BindSymbol& command) {
  Change change;
  const auto by_address = institution.symbols.find_symbol(command.person);
  const auto by_symbol = institution.symbols.find_address(command.symbol);
  if (by_address && *by_address == command.symbol) return change;
  if (by_address || by_symbol) return ErrorCode::kRowConflict;
  change.section = Section::kSymbol;
  NAKADACHI_TRY(change.key, symbol_key(partition.cipher, institution.code, command.person));
  NAKADACHI_TRY(change.value,
                seal_symbol(partition.cipher, change.key,
                            {institution.code, {command.person, command.symbol}}, *random_));
  return change;
}

/// A change without a key when there is no symbol.
Result<NodeCore::Impl::Change> NodeCore::Impl::plan_symbol_end(Partition& partition,
                                                               const Institution& institution,
                                                               const AddressNumber& person) {
  Change change{.section = Section::kSymbol,
                .operation = Operation::kDelete,
                .unbinds = std::pair(institution.code, person)};
  if (!institution.symbols.find_symbol(person)) return Change();
  NAKADACHI_TRY(change.key, symbol_key(partition.cipher, institution.code, person));
  return change;
}

Result<std::vector<NodeCore::Impl::Change>> NodeCore::Impl::plan_symbol_move(
    Partition& partition, const Institution& institution, const wire::MoveSymbol& command) {
  std::vector<Change> changes;
  if (command.from != command.to || !institution.symbols.find_symbol(command.from)) {
    NAKADACHI_CHECK(bind_to_another(partition, institution, command.from, command.to, changes));
  }
  return changes;
}

/// Whatever symbol is bound to `from` is bound to `to`, who may have none: an institution gets one
/// symbol a person (施行命令 44条).
Result<void> NodeCore::Impl::bind_to_another(Partition& partition, const Institution& institution,
                                             const AddressNumber& from, const AddressNumber& to,
                                             std::vector<Change>& changes) {
  NAKADACHI_TRY(const Symbol symbol, institution.symbols.find_symbol(from));
  if (institution.symbols.find_symbol(to)) return ErrorCode::kRowConflict;
  Change former{.section = Section::kSymbol, .operation = Operation::kDelete};
  Change bound{.section = Section::kSymbol,
               .operation = Operation::kReplace,
               .unbinds = std::pair(institution.code, from)};
  NAKADACHI_TRY(former.key, symbol_key(partition.cipher, institution.code, from));
  NAKADACHI_TRY(bound.key, symbol_key(partition.cipher, institution.code, to));
  NAKADACHI_TRY(bound.value, seal_symbol(partition.cipher, bound.key,
                                         {institution.code, {to, symbol}}, *random_));
  changes.push_back(std::move(former));
  changes.push_back(std::move(bound));
  return {};
}

// 統合宛名 ----------------------------------------------------------------------

Result<std::vector<NodeCore::Impl::Change>> NodeCore::Impl::plan_person(
    Partition& partition, const wire::PutPerson& command, wire::AdminAnswer& answer) {
  NAKADACHI_TRY(const symbols::PersonRecord person,
                partition.persons.would_put(command.number, command.items, command.business));
  answer = wire::PersonPut{.number = person.number};
  Change change;
  change.section = Section::kPerson;
  change.operation = command.number ? Operation::kReplace : Operation::kRegister;
  NAKADACHI_TRY(change.key, person_key(partition.cipher, person.number));
  NAKADACHI_TRY(change.value, seal_person(partition.cipher, change.key, person, *random_));
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  return changes;
}

/// One person of two: the record of the survivor, and everything the institutions
/// keep under the former number.
Result<std::vector<NodeCore::Impl::Change>> NodeCore::Impl::plan_merge(
    Partition& partition, const wire::MergePersons& command) {
  NAKADACHI_TRY(const symbols::AddressBook::Merged merged,
                partition.persons.would_merge(command.survivor, command.former));
  std::vector<Change> changes;
  for (const auto& [code, institution] : partition.institutions) {
    NAKADACHI_CHECK(move_holdings(partition, institution, merged, changes));
  }
  Change kept;
  kept.section = Section::kPerson;
  kept.operation = Operation::kReplace;
  NAKADACHI_TRY(kept.key, person_key(partition.cipher, merged.to));
  NAKADACHI_TRY(kept.value, seal_person(partition.cipher, kept.key, merged.person, *random_));
  changes.push_back(std::move(kept));
  NAKADACHI_TRY(const HoldingKey former, person_key(partition.cipher, merged.from));
  changes.push_back({Section::kPerson, former, {}, Operation::kDelete, {}});
  if (changes.size() > limits::kMaxTrainRows) return ErrorCode::kTooManyItems;
  return changes;
}

Result<void> NodeCore::Impl::move_holdings(Partition& partition, const Institution& institution,
                                           const symbols::AddressBook::Merged& merged,
                                           std::vector<Change>& changes) {
  crypto::TenantCipher& cipher = partition.cipher;
  const InstitutionCode& code = institution.code;
  const auto move = [&](Section section, const HoldingKey& from, const HoldingKey& to, Bytes value,
                        std::optional<InformationKind> kind) {
    changes.push_back({section, to, std::move(value), Operation::kReplace, kind});
    changes.push_back({section, from, {}, Operation::kDelete, kind});
  };
  if (institution.symbols.find_symbol(merged.from)) {
    NAKADACHI_CHECK(bind_to_another(partition, institution, merged.from, merged.to, changes));
  }
  for (const InformationKind& kind : kinds_of(institution.copies)) {
    NAKADACHI_TRY(auto copy, institution.copies.find(cipher, merged.from, kind));
    if (!copy) continue;
    NAKADACHI_TRY(const HoldingKey from, copies::copy_key(cipher, code, merged.from, kind));
    NAKADACHI_TRY(const HoldingKey to, copies::copy_key(cipher, code, merged.to, kind));
    if (institution.copies.dataset_of(to) >= copy->dataset) {  // the survivor's own is newer
      changes.push_back({Section::kCopy, from, {}, Operation::kDelete, kind});
      continue;
    }
    const copies::StoredCopy moved{code, merged.to, kind, *std::move(copy)};
    NAKADACHI_TRY(Bytes value, copies::seal_copy(cipher, to, moved, *random_));
    move(Section::kCopy, from, to, std::move(value), kind);
  }
  NAKADACHI_TRY(const copies::PersonFlags former, institution.flags.find(cipher, merged.from));
  if (former.flags.empty()) return {};
  NAKADACHI_TRY(copies::PersonFlags flags, institution.flags.find(cipher, merged.to));
  for (const copies::Flag& flag : former.flags) NAKADACHI_CHECK(copies::set_flag(flags, flag));
  NAKADACHI_TRY(const HoldingKey from, copies::flag_key(cipher, code, merged.from));
  NAKADACHI_TRY(const HoldingKey to, copies::flag_key(cipher, code, merged.to));
  NAKADACHI_TRY(Bytes value, copies::seal_flags(cipher, to, flags, *random_));
  move(Section::kFlag, from, to, std::move(value), {});
  return {};
}

// What a request only reads ---------------------------------------------------

Result<wire::AdminAnswer> NodeCore::Impl::read(Partition& partition,
                                               const wire::AdminRequest& request) {
  Institution& institution = partition.institutions.at(request.institution);
  const symbols::AddressBook& book = partition.persons;
  using Answer = Result<wire::AdminAnswer>;
  const Cases reads = {
      [&](const wire::ListHeld& list) -> Answer {
        return wire::AdminAnswer(list_held(partition, request.institution, list));
      },
      [&](const wire::CountCopies&) -> Answer { return count_copies(institution); },
      [&](const wire::CountSymbols&) -> Answer {
        return wire::AdminAnswer(wire::SymbolCounts{.bound = institution.symbols.size(),
                                                    .under_way = institution.acquisitions.size()});
      },
      [&](const wire::ShowSymbol& show) -> Answer {
        return wire::AdminAnswer(show_symbol(partition, institution, show));
      },
      [&](const wire::ListAcquisitions& list) -> Answer {
        return wire::AdminAnswer(list_acquisitions(partition, institution, list));
      },
      [&](const wire::ShowFlags& show) -> Answer {
        NAKADACHI_TRY(copies::PersonFlags flags,
                      institution.flags.find(partition.cipher, show.person));
        return wire::AdminAnswer(wire::Flags{std::move(flags.flags)});
      },
      [&](const wire::ListFlags& list) { return list_flags(partition, institution, list); },
      [&](const wire::ListAnswerModes&) -> Answer {
        wire::AnswerModes modes;
        for (const auto& one : institution.modes.all()) modes.modes.emplace_back(one);
        return wire::AdminAnswer(std::move(modes));
      },
      [&](const wire::ListAcquisitionRequests&) -> Answer {
        wire::AcquisitionWishes wishes;
        for (const KeptWish& kept : institution.wishes) wishes.wishes.push_back(kept.wish);
        return wire::AdminAnswer(std::move(wishes));
      },
      [&](const wire::FindPersons& find) -> Answer {
        NAKADACHI_TRY(const auto found, book.search(find.search));
        return persons_of(found);
      },
      [&](const wire::FindPersonByNumber& find) -> Answer {
        const symbols::PersonRecord* const person = book.find(find.number);
        return person == nullptr ? persons_of({}) : persons_of({person});
      },
      [&](const wire::ListPersons& list) -> Answer {
        return persons_of(book.list(list.after, limits::kMaxPersonsListed));
      },
      [](const Changing auto&) -> Answer { return ErrorCode::kInternal; },
      [](const Deciding auto&) -> Answer { return ErrorCode::kInternal; },
      [](const ForOperators auto&) -> Answer { return ErrorCode::kInternal; }};
  return std::visit(reads, request.command);
}

Result<wire::AdminAnswer> NodeCore::Impl::list_flags(Partition& partition,
                                                     const Institution& institution,
                                                     const wire::ListFlags& list) {
  NAKADACHI_TRY(copies::FlagShelf::Page page,
                institution.flags.list(partition.cipher, list.after, limits::kMaxPersonsListed));
  wire::FlagPage made;
  made.next = page.next;
  made.persons.reserve(page.persons.size());
  for (copies::PersonFlags& one : page.persons) {
    made.persons.push_back({one.person, std::move(one.flags)});
  }
  return wire::AdminAnswer(std::move(made));
}

Result<wire::AdminAnswer> NodeCore::Impl::read_as_operator(
    const wire::AdminCommand& command) const {
  if (std::holds_alternative<wire::ListTenants>(command)) return tenants();
  if (const auto* const list = std::get_if<wire::ListInstitutions>(&command)) {
    return institutions(*list);
  }
  return ErrorCode::kInstitutionNotAllowed;
}

wire::AdminAnswer NodeCore::Impl::tenants() const {
  wire::TenantStates states;
  states.tenants.reserve(partitions_.size());
  for (const Partition& partition : partitions_) {
    states.tenants.push_back(*state_of(partition.tenant));
  }
  return states;
}

wire::AdminAnswer NodeCore::Impl::institutions(const wire::ListInstitutions& list) const {
  wire::InstitutionStates states;
  auto next = list.after ? by_institution_.upper_bound(*list.after) : by_institution_.begin();
  for (; next != by_institution_.end(); ++next) {
    if (states.institutions.size() == limits::kMaxInstitutionsListed) break;
    const Partition& partition = partitions_[next->second];
    const Institution& institution = partition.institutions.at(next->first);
    states.institutions.push_back({.institution = next->first,
                                   .tenant = partition.tenant,
                                   .copies = institution.copies.size(),
                                   .symbols = institution.symbols.size(),
                                   .delegated_until = institution.delegation->until});
  }
  return states;
}

}  // namespace nakadachi::tenant_vm
