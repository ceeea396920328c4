#pragma once

#include <map>
#include <utility>
#include <vector>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/crypto/signing.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/records/log_tree.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::testing {

/// A database of bodies 1, 2 and 3 on lane 1, whose trains are numbered, state their heads and
/// are signed as a node would do it. What is sealed in rows is random bytes.
struct SignedPool {
  SignedPool() : store(database.logins()), signer(crypto::Ed25519Signer::make_seed(random)) {
    database.join(1, 3, LaneId{1});
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch;
  }

  void append(storage::Train train) {
    state_and_sign(train);
    REQUIRE(store.append(train).commit == storage::Commit::kCommitted);
    grow(sizes, train);
  }

  TestDatabase database;
  storage::PostgresStore store;
  SeededRandom random{5};
  crypto::Ed25519Signer signer;
  Epoch epoch;
  LogSizes sizes;
  std::map<TenantId, records::Frontier> logs;

 private:
  template <class Row>
  void enter(Row& row) {
    row.number = logs[row.tenant].size();
    logs[row.tenant].append(records::entry_hash(tenant_vm::entry_of(row)));
  }

  void state_and_sign(storage::Train& train) {
    number_train(train, sizes, random);
    std::vector<Digest> leaves;
    for (storage::ChangeRow& change : train.changes) enter(change);
    for (storage::StepRow& step : train.rows) {
      enter(step);
      leaves.push_back(step.leaf);
    }
    for (const storage::ChangeRow& change : train.changes) leaves.push_back(change.leaf);
    for (storage::Head& head : train.heads) {
      head.root = logs[head.tenant].root();
      leaves.push_back(records::head_leaf({head.tenant, head.size, head.root}));
    }
    const crypto::MerkleTree tree(std::move(leaves));
    train.root = tree.root();
    crypto::BatchHeader header{.purpose = crypto::BatchPurpose::kTrain,
                               .lane = train.lane,
                               .epoch = train.epoch,
                               .number = train.number,
                               .size = tree.size(),
                               .root = train.root,
                               .signed_at = train.signed_at};
    crypto::sign_batch(header, signer);
    train.signer = header.signer;
    train.signature = header.signature;
  }
};

}  // namespace nakadachi::testing
