#pragma once

#include <optional>

#include "tests/support/quiet_pool.hpp"

namespace nakadachi::testing {

/// Catches the first item of a kind on its way, and lets it pass or not.
struct Catcher {
  Catcher(QuietPool& pool, exchange::StatementKind kind, bool let_pass) {
    pool.on_item = [this, kind, let_pass](wire::LinkItem& item) {
      if (item.kind != kind) return true;
      if (!caught) caught = item;
      return let_pass;
    };
  }
  std::optional<wire::LinkItem> caught;
};

}  // namespace nakadachi::testing
