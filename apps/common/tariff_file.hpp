#pragma once

#include <string>
#include <string_view>

#include "nakadachi/base/result.hpp"
#include "nakadachi/billing/tariff.hpp"

namespace nakadachi::apps {

/// A tariff as people write and keep it (docs/billing.md, data/tariff.toml).
struct TariffFile {
  std::string text;  ///< the whole file, kept with the month that is closed by it
  std::string pool;  ///< what the cost is for
  billing::Tariff tariff;
};

/// Reads a tariff; every key has to be there and none that means nothing. `origin` is
/// named in errors. Errors: `kConfigInvalid` with the line as position, and key and
/// what is wrong with it in the detail.
Result<TariffFile> parse_tariff(std::string text, std::string_view origin);

/// The file at `path`, or the one the program carries when `path` is "shipped".
/// Errors: `kFileProblem`, `kTooManyItems` (more than storage::kMaxTariffBytes), those of
/// `parse_tariff`.
Result<TariffFile> load_tariff(const std::string& path);

}  // namespace nakadachi::apps
