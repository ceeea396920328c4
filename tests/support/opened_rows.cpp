#include "tests/support/opened_rows.hpp"

#include <utility>

namespace nakadachi::testing {

Result<wire::StoredContent> open_row(crypto::TenantCipher& cipher,
                                     const storage::StoredStep& stored) {
  Bytes row(stored.exchange.view().begin(), stored.exchange.view().end());
  row.push_back(static_cast<std::uint8_t>(stored.step));
  NAKADACHI_TRY(const Bytes plain,
                cipher.open({.table = "step", .column = "sealed", .row = row}, stored.sealed));
  return wire::decode_stored_content(plain);
}

Result<std::vector<OpenedRow>> open_rows(const Universe& universe,
                                         const storage::MemoryStore& store) {
  std::vector<OpenedRow> opened;
  for (std::size_t town = 0; town < kTowns; ++town) {
    crypto::TenantCipher cipher = universe.cipher(town);
    for (const auto& [key, stored] : store.rows()) {
      if (std::get<TenantId>(key) != universe.tenant(town)) continue;
      NAKADACHI_TRY(wire::StoredContent content, open_row(cipher, stored));
      opened.push_back({.town = town, .stored = stored, .content = std::move(content)});
    }
  }
  return opened;
}

}  // namespace nakadachi::testing
