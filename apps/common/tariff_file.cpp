#include "apps/common/tariff_file.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/common/text_table.hpp"
#include "apps/common/toml_reader.hpp"
#include "apps/common/usage_report.hpp"
#include "nakadachi/storage/bill_store.hpp"
#include "nakadachi_embedded/data.hpp"

namespace nakadachi::apps {
namespace {

/// The method of docs/billing.md. A closed month is computed anew whenever it is shown,
/// so a method that changes gets another number.
constexpr std::uint32_t kMethod = 1;

/// A number that has to stand there.
std::uint32_t number(TomlReader& reader, std::string_view key, std::uint32_t greatest) {
  if (!reader.has(key)) reader.wrong(key, "is missing");
  return reader.number_or(key, 0, greatest);
}

billing::OutsideRule outside_rule(TomlReader& reader) {
  constexpr std::string_view kKey = "outside";
  const std::string word = reader.text(kKey);
  if (word == "where_it_fell") return billing::OutsideRule::kWhereItFell;
  if (word != "by_population") reader.wrong(kKey, "must be by_population or where_it_fell");
  return billing::OutsideRule::kByPopulation;
}

billing::Weights weights(TomlReader& reader, std::string_view cause) {
  if (!reader.has(cause)) reader.wrong(fmt::format("weights.{}", cause), "is missing");
  TomlReader table = reader.table(cause);
  const billing::Weights made{.person = number(table, "person", billing::Weights::kMost),
                              .message = number(table, "message", billing::Weights::kMost),
                              .kib = number(table, "kib", billing::Weights::kMost)};
  table.finish();
  return made;
}

TariffFile read_tariff(TomlReader& reader) {
  TariffFile file;
  if (number(reader, "method", kMethod) != kMethod) {
    reader.wrong("method", fmt::format("must be {}", kMethod));
  }
  file.pool = reader.text("pool");
  if (file.pool.empty()) reader.wrong("pool", "must not be empty");
  file.tariff.name = reader.text("name");
  file.tariff.base_ppm = number(reader, "base_ppm", billing::kPartsPerMillion);
  if (!reader.has("asker_pays")) reader.wrong("asker_pays", "is missing");
  file.tariff.asker_pays = reader.flag_or("asker_pays", true);
  file.tariff.outside = outside_rule(reader);
  if (!reader.has("weights")) reader.wrong("weights", "is missing");
  TomlReader all = reader.table("weights");
  for (const Cause cause : kCauses) {
    file.tariff.of(cause) = weights(all, text_of(cause).name);
  }
  all.finish();
  reader.finish();
  return file;
}

Error at_origin(Error error, std::string_view origin) {
  error.detail =
      error.detail.empty() ? std::string(origin) : fmt::format("{}: {}", origin, error.detail);
  return error;
}

}  // namespace

Result<TariffFile> parse_tariff(std::string text, std::string_view origin) {
  try {
    const toml::table table = toml::parse(text, origin);
    TomlProblem problem;
    TomlReader reader(table, problem);
    TariffFile file = read_tariff(reader);
    if (problem.error) return at_origin(std::move(*problem.error), origin);
    if (const auto sound = billing::validate(file.tariff); !sound) {
      return at_origin(sound.error(), origin);
    }
    file.text = std::move(text);
    return file;
  } catch (const toml::parse_error& wrong) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .position = static_cast<std::int32_t>(wrong.source().begin.line),
                 .detail = fmt::format("{}: {}", origin, wrong.description())};
  }
}

Result<TariffFile> load_tariff(const std::string& path) {
  std::string text;
  if (path == "shipped") {
    for (const EmbeddedFile& file : embedded::data()) {
      if (file.name == "tariff.toml") text = file.content;
    }
  } else {
    NAKADACHI_TRY(text, read_file(path));
  }
  if (text.size() > storage::kMaxTariffBytes) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "tariff", .detail = path};
  }
  return parse_tariff(std::move(text), path);
}

}  // namespace nakadachi::apps
