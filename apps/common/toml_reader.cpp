#include "apps/common/toml_reader.hpp"

#include <fmt/format.h>

namespace nakadachi::apps {
namespace {

const toml::table& empty_table() {
  static const toml::table empty;
  return empty;
}

}  // namespace

void TomlProblem::say(const toml::source_region& where, std::string_view key,
                      std::string_view how) {
  if (error) return;
  error = Error{.code = ErrorCode::kConfigInvalid,
                .position = static_cast<std::int32_t>(where.begin.line),
                .detail = fmt::format("{}: {}", key, how)};
}

const toml::node* TomlReader::find(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

void TomlReader::wrong(std::string_view key, std::string_view how) {
  const toml::node* const node = table_.get(key);
  problem_.say(node != nullptr ? node->source() : table_.source(), prefix_ + std::string(key), how);
}

std::string TomlReader::text(std::string_view key) {
  if (find(key) == nullptr) wrong(key, "is missing");
  return text_or(key);
}

std::string TomlReader::text_or(std::string_view key, std::string_view otherwise) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::string(otherwise);
  const auto value = node->value<std::string>();
  if (!value) wrong(key, "must be a text in quotes");
  return value.value_or("");
}

bool TomlReader::flag_or(std::string_view key, bool otherwise) {
  const toml::node* const node = find(key);
  if (node == nullptr) return otherwise;
  if (!node->is_boolean()) wrong(key, "must be true or false");
  return node->value_or(otherwise);
}

std::uint32_t TomlReader::number_or(std::string_view key, std::uint32_t otherwise,
                                    std::uint32_t greatest) {
  return static_cast<std::uint32_t>(whole_or(key, otherwise, greatest));
}

std::uint64_t TomlReader::large_or(std::string_view key, std::uint64_t otherwise) {
  return whole_or(key, otherwise, std::numeric_limits<std::int64_t>::max());
}

std::uint64_t TomlReader::whole_or(std::string_view key, std::uint64_t otherwise,
                                   std::int64_t greatest) {
  const toml::node* const node = find(key);
  if (node == nullptr) return otherwise;
  const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
  if (!value || *value < 0 || *value > greatest) {
    wrong(key, fmt::format("must be a whole number from 0 to {}", greatest));
    return otherwise;
  }
  return static_cast<std::uint64_t>(*value);
}

std::vector<std::string> TomlReader::texts(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return {};
  if (const auto one = node->value<std::string>()) return {*one};
  const toml::array* const list = node->as_array();
  std::vector<std::string> texts;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto one = list->get(i)->value<std::string>();
    if (one) texts.push_back(*one);
  }
  if (list == nullptr || texts.size() != list->size()) wrong(key, "must be texts in quotes");
  return texts;
}

std::optional<std::chrono::year_month_day> TomlReader::date(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value<toml::date>();
  if (!value) {
    wrong(key, "must be a date as in 2027-03-31, without quotes");
    return std::nullopt;
  }
  return std::chrono::year_month_day{std::chrono::year{value->year},
                                     std::chrono::month{value->month},
                                     std::chrono::day{value->day}};
}

TomlReader TomlReader::table(std::string_view key) {
  const toml::node* const node = find(key);
  const toml::table* const inner = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && inner == nullptr) wrong(key, fmt::format("write it as [{}]", key));
  return {inner != nullptr ? *inner : empty_table(), problem_, fmt::format("{}{}.", prefix_, key)};
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
  const toml::node* const node = find(key);
  std::vector<TomlReader> readers;
  if (node == nullptr) return readers;
  const toml::array* const list = node->as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (const toml::table* const inner = list->get(i)->as_table()) {
      readers.emplace_back(*inner, problem_, fmt::format("{}{}[{}].", prefix_, key, i));
    }
  }
  if (list == nullptr || readers.size() != list->size()) {
    wrong(key, fmt::format("write each as [[{}]]", key));
  }
  return readers;
}

void TomlReader::finish() {
  for (const auto& [key, value] : table_) {
    if (!asked_.contains(key.str())) {
      problem_.say(value.source(), prefix_ + std::string(key.str()),
                   "means nothing here; is it misspelt?");
    }
  }
}

}  // namespace nakadachi::apps
