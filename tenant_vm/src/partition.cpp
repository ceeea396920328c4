#include "partition.hpp"

#include <utility>

#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/tenant_vm/holding_values.hpp"

namespace nakadachi::tenant_vm {
namespace {

Bytes row_name(const ExchangeId& exchange, storage::Step step) {
  Bytes name(exchange.view().begin(), exchange.view().end());
  name.push_back(static_cast<std::uint8_t>(step));
  return name;
}

crypto::SealedPlace sealed_column(ByteView row) {
  return {.table = "step", .column = "sealed", .row = row};
}

void append_subject(Bytes& to, const exchange::Subject& subject) {
  append_big_endian<8>(to, subject.asker.number());
  append_big_endian<8>(to, subject.provider.number());
  append_big_endian<8>(to, subject.affair.number());
  append_big_endian<8>(to, subject.procedure.number());
  append_big_endian<8>(to, subject.kind.number());
  to.push_back(subject.non_disclosure ? 1 : 0);
  append_big_endian<2>(to, subject.items.size());
  for (const std::uint16_t item : subject.items) append_big_endian<2>(to, item);
  append(to, as_bytes(subject.section));  // last, so it needs no length
}

}  // namespace

Institution::Institution(const InstitutionSetup& setup, const NodeSetup& node,
                         const std::shared_ptr<const symbols::MapKeys>& keys, Random& random)
    : code(setup.code),
      delegation(std::make_shared<const crypto::Delegation>(setup.delegation)),
      symbols(keys),
      acquisitions(node.acquisition_pool, node.acquisition_ms, random),
      copies(setup.code),
      flags(setup.code),
      sealing_key(std::make_unique<crypto::SealingKey>(setup.sealing_secret)),
      sealer(random),
      opener(*sealing_key) {}

Partition::Partition(PartitionSetup setup, const NodeSetup& node,
                     const std::shared_ptr<const symbols::MapKeys>& keys, Random& random)
    : tenant(setup.tenant),
      lane(setup.lane),
      cipher(std::move(setup.cipher)),
      persons(random),
      quota(setup.quota),
      rate(setup.quota.rate_per_s, setup.quota.burst) {
  for (InstitutionSetup& institution : setup.institutions) {
    institutions.try_emplace(institution.code, institution, node, keys, random);
  }
  for (const StaffRights& rights : setup.staff) staff.emplace(rights.staff, rights);
  for (CallerRights& caller : setup.callers) callers.emplace(caller.system, std::move(caller));
}

Result<ExchangeId> Partition::ask_id(const InstitutionCode& institution, SystemId system,
                                     const RequestKey& key) {
  Bytes caller;
  append_big_endian<4>(caller, system.value);
  NAKADACHI_TRY(const Digest hash,
                cipher.keyed_hash(institution, "exchange asked", {caller, key.view()}));
  return make_exchange_id(time_of(key), hash);
}

Result<ExchangeId> Partition::refusal_id(const QueryJob& job, ErrorCode reason, Timestamp now) {
  Bytes caller;
  append_big_endian<4>(caller, job.system.value);
  append_big_endian<2>(caller, static_cast<std::uint16_t>(reason));
  NAKADACHI_TRY(const Digest hash, cipher.keyed_hash(job.institution, "query refused",
                                                     {caller, job.query.key.view(),
                                                      content_hash(job.system, job.query).view()}));
  return make_exchange_id(now, hash);
}

Result<ExchangeId> Partition::change_id(StaffId from, const wire::AdminRequest& request) {
  Bytes caller;
  append_big_endian<4>(caller, from.value);
  NAKADACHI_TRY(const Digest hash,
                cipher.keyed_hash(request.institution, "change", {caller, request.key.view()}));
  return first_part(make_exchange_id(time_of(request.key), hash));
}

Result<ExchangeId> Partition::provide_id(const InstitutionCode& institution,
                                         const Digest& request_hash, Timestamp asked_at) {
  NAKADACHI_TRY(const Digest hash,
                cipher.keyed_hash(institution, "exchange provided", {request_hash.view()}));
  return make_exchange_id(asked_at, hash);
}

Result<Bytes> Partition::seal(const ExchangeId& exchange, storage::Step step,
                              const wire::StoredContent& content, Random& random) {
  const Bytes row = row_name(exchange, step);
  return cipher.seal(sealed_column(row), wire::encode(content), random);
}

Result<wire::StoredContent> Partition::open(const storage::StoredStep& stored) {
  const Bytes row = row_name(stored.exchange, stored.step);
  NAKADACHI_TRY(const Bytes plain, cipher.open(sealed_column(row), stored.sealed));
  return wire::decode_stored_content(plain);
}

std::vector<Partition::HoldingName> Partition::names_of(const storage::ChangeRow& change) {
  std::vector<HoldingName> names = {{change.section, change.key}};
  if (change.section != storage::Section::kSymbol || change.erase) return names;
  const auto stored = open_symbol(cipher, change.key, change.value);
  if (!stored) return names;
  const auto name = binding_name(cipher, stored->institution, stored->binding.second);
  if (name) names.emplace_back(change.section, *name);
  return names;
}

bool Partition::is_changing(storage::Section section, const Result<HoldingKey>& key) const {
  return key && changing.contains({section, *key});
}

bool Partition::is_person_changing(const AddressNumber& person) {
  return is_changing(storage::Section::kPerson, person_key(cipher, person));
}

AddressNumber Partition::current(const AddressNumber& number) const {
  const symbols::PersonRecord* const record = persons.find(number);
  return record != nullptr ? record->number : number;
}

void Partition::use_current_numbers(wire::AdminCommand& command) const {
  std::visit(
      [this](auto& one) {
        if constexpr (requires { current(one.person); }) one.person = current(one.person);
      },
      command);
  if (auto* const merge = std::get_if<wire::MergePersons>(&command)) {
    merge->survivor = current(merge->survivor);
    merge->former = current(merge->former);
  }
  if (auto* const move = std::get_if<wire::MoveSymbol>(&command)) {
    move->from = current(move->from);
    move->to = current(move->to);
  }
}

std::optional<AddressNumber> Partition::person_of(const PermitJob& job) const {
  if (job.person) return current(*job.person);
  const Institution& provider = institutions.at(job.permit.subject.provider);
  const auto person = provider.symbols.find_address(job.permit.symbol);
  return person ? std::optional(*person) : std::nullopt;
}

bool Partition::has_moved(const LivePermit& question) const {
  return question.about && person_of(question.job) != current(*question.about);
}

Result<Bytes> Partition::seal_record(const ExchangeId& change, const copies::ChangeRecord& record,
                                     Random& random) {
  return cipher.seal({.table = "change", .column = "record", .row = change.view()},
                     copies::encode(record), random);
}

ExchangeId change_part(const ExchangeId& first, std::size_t part) noexcept {
  ExchangeId id = first;
  const auto bytes = id.writable();
  bytes[bytes.size() - 2] = static_cast<std::uint8_t>(part >> 8U);
  bytes[bytes.size() - 1] = static_cast<std::uint8_t>(part);
  return id;
}

ExchangeId first_part(const ExchangeId& change) noexcept { return change_part(change, 0); }

Digest content_hash(SystemId system, const exchange::Query& query) {
  Bytes content;
  append_big_endian<4>(content, system.value);
  append_big_endian<8>(content, query.person.reveal());
  append_subject(content, query.subject);
  return crypto::sha256({as_bytes("nakadachi query v1"), content});
}

Digest content_hash(const exchange::Permit& permit) {
  Bytes content;
  append(content, permit.symbol.reveal());
  append_subject(content, permit.subject);
  return crypto::sha256({as_bytes("nakadachi permit content v1"), content});
}

}  // namespace nakadachi::tenant_vm
