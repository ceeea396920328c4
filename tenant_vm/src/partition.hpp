#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "nakadachi/crypto/sealing.hpp"
#include "nakadachi/exchange/asker_leg.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "nakadachi/tenant_vm/token_bucket.hpp"
#include "nakadachi/wire/statements.hpp"
#include "recent_ids.hpp"

namespace nakadachi::tenant_vm {

/// A query that waits for its turn.
struct QueryJob {
  ClientId client;
  SystemId system;
  exchange::Query query;
};

/// A believed permit that waits for its turn.
struct PermitJob {
  exchange::Permit permit;
  Digest permit_hash;
};

/// An exchange this tenant has asked and not concluded.
struct OpenAsk {
  OpenAsk(const exchange::AskerTiming& timing, exchange::Inquiry asked)
      : leg(timing, asked.valid_until), inquiry(std::move(asked)) {}

  exchange::AskerLeg leg;
  exchange::Inquiry inquiry;
  Digest request_hash;
  Digest content_hash;
  RequestKey key;
  SystemId system;
  std::optional<ClientId> client;  ///< who waits for the reply, if anybody does
  std::uint16_t legal_item = 0;
  wire::LinkItem item;                ///< the inquiry, for sending again; proof set once durable
  std::optional<Timestamp> timer_at;  ///< the one timer of this exchange that counts
  Digest provision_leaf;
  Bytes answer;
};

struct Institution {
  Institution(const InstitutionSetup& setup, Random& random);
  InstitutionCode code;
  std::shared_ptr<const crypto::Delegation> delegation;
  symbols::SymbolMap symbols;
  copies::CopyMap copies;
  std::unique_ptr<crypto::SealingKey> sealing_key;
  crypto::AnswerSealer sealer;
  crypto::AnswerOpener opener;
};

/// A tenant's share of the node: keys, institutions, queues and open exchanges.
/// Holds everything of one tenant and nothing of another.
struct Partition {
  Partition(PartitionSetup setup, Random& random);

  TenantId tenant;
  LaneId lane;
  crypto::TenantCipher cipher;
  std::map<InstitutionCode, Institution> institutions;
  std::map<SystemId, CallerRights> callers;
  Quota quota;
  TokenBucket rate;
  std::deque<QueryJob> queries;
  std::deque<PermitJob> permits;
  std::map<ExchangeId, OpenAsk> asking;
  std::unordered_set<ExchangeId> providing;
  RecentIds settled;

  /// Id of the asking leg. Errors: `kKeyUnavailable`.
  Result<ExchangeId> ask_id(const InstitutionCode& institution, SystemId system,
                            const RequestKey& key);
  /// Id of the providing leg. Errors: `kKeyUnavailable`.
  Result<ExchangeId> provide_id(const InstitutionCode& institution, const Digest& request_hash,
                                Timestamp asked_at);

  Result<Bytes> seal(const ExchangeId& exchange, storage::Step step,
                     const wire::StoredContent& content, Random& random);
  Result<wire::StoredContent> open(const storage::StoredStep& stored);
};

/// Tells one question from another under the same request key.
Digest content_hash(SystemId system, const exchange::Query& query);
/// The same for permits of one request.
Digest content_hash(const exchange::Permit& permit);

}  // namespace nakadachi::tenant_vm
