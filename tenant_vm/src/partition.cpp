#include "partition.hpp"

#include <utility>

#include "nakadachi/crypto/hash.hpp"

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
  append(to, as_bytes(subject.section));  // last, so it needs no length
}

}  // namespace

Institution::Institution(const InstitutionSetup& setup, Random& random)
    : code(setup.code),
      delegation(std::make_shared<const crypto::Delegation>(setup.delegation)),
      symbols(setup.symbols),
      copies(setup.copies),
      sealing_key(std::make_unique<crypto::SealingKey>(setup.sealing_secret)),
      sealer(random),
      opener(*sealing_key) {}

Partition::Partition(PartitionSetup setup, Random& random)
    : tenant(setup.tenant),
      lane(setup.lane),
      cipher(std::move(setup.cipher)),
      quota(setup.quota),
      rate(setup.quota.rate_per_s, setup.quota.burst) {
  for (InstitutionSetup& institution : setup.institutions) {
    institutions.try_emplace(institution.code, institution, random);
  }
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
