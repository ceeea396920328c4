#include <utility>

#include "node_core_impl.hpp"

/// Provision between two institutions of one body by its own ordinance (番号法19条11号):
/// the same steps, records and rules as any exchange, but nothing leaves the node. The
/// person stands by the 団体内統合宛名番号 both institutions share.
namespace nakadachi::tenant_vm {

bool NodeCore::Impl::is_within_body(const Digest& request_hash) const {
  const auto known = open_by_request_.find(request_hash);
  if (known == open_by_request_.end()) return false;
  const auto& [partition, id] = known->second;
  return partitions_[partition].asking.at(id).within_body.has_value();
}

/// In the place of inquiry and permit: puts the question into the provider's queue.
void NodeCore::Impl::provide_within(std::size_t partition, const OpenAsk& open) {
  Partition& owner = partitions_[partition];
  if (owner.permits.size() >= owner.quota.max_queued) return count(ErrorCode::kQueueFull);
  PermitJob job;
  job.permit.request_hash = open.request_hash;
  job.permit.subject = open.inquiry.subject;
  job.permit.asked_at = open.inquiry.asked_at;
  job.permit.issued_at = now_;
  job.permit.valid_until = open.inquiry.valid_until;
  job.permit.legal_item = open.legal_item;
  job.permit.law = law_.fingerprint_on(Day::of(open.inquiry.asked_at));
  job.statement = wire::encode(job.permit);
  job.permit_hash = wire::permit_hash(job.statement);
  job.person = open.within_body;
  owner.permits.push_back(std::move(job));
  LaneSlot& slot = slot_of(partition);
  slot.fair.activate(flow_of(slot, partition, FlowSort::kPermits));
}

/// To the asker: over the link, or at once when it is an institution of the same body.
void NodeCore::Impl::send_provision(wire::LinkItem item) {
  if (item.to != InstitutionCode()) return out(SendItem{std::move(item)});
  const auto provision = wire::decode_provision(item.statement);
  if (!provision) return count(provision.error().code);
  take_provision(item, *provision);
}

}  // namespace nakadachi::tenant_vm
