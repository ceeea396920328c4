#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/record_reader.hpp"
#include "nakadachi/rules/legal_facts.hpp"

/// One record of a body's log (情報提供等の記録, 番号法 23条), opened, for people and programs.
namespace nakadachi::apps {

/// One thing that a record says.
struct RecordFact {
  std::string_view name;  ///< in JSON
  std::string_view japanese;
  std::string_view english;
  std::string value;
};
using RecordFacts = std::vector<RecordFact>;

/// How codes are called, and what of the person may be said.
struct RecordWords {
  const crypto::Registry* registry = nullptr;  ///< never null, as the next
  const rules::LegalFacts* facts = nullptr;
  Language language = Language::kJapanese;
  /// Also the person's symbol, or number within the body (命令 47条2項): personal.
  bool person = false;
};

/// What a step's record says. Errors: those of wire's decoders of the step's statement and, of
/// a provision, of the permit that is kept with it.
Result<RecordFacts> facts_of(const records::LogEntry& entry, const wire::StoredContent& content,
                             const RecordWords& words);
/// What the record of a change says. Errors: those of `copies::decode_change`.
Result<RecordFacts> facts_of(const records::LogEntry& entry, ByteView change,
                             const RecordWords& words);

/// By what a receipt proves it: head, train, signer, delegation.
RecordFacts facts_of(const records::Witness& witness);

struct ShownRecord {
  RecordFacts record;
  RecordFacts proof;  ///< of a step, by its receipt, which has just been checked; else empty
};

/// Opens entry `number` and proves it; nothing when the log ends before it. Errors: those of
/// `RecordReader` and `facts_of`; `kLogGap` (another one stands there).
Result<std::optional<ShownRecord>> show_record(storage::ExchangeStore& store, RecordReader& reader,
                                               std::uint64_t number, const RecordWords& words);

std::string text_of(const ShownRecord& shown, Language language);
nlohmann::json json_of(const ShownRecord& shown);

}  // namespace nakadachi::apps
