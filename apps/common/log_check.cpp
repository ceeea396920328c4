#include "apps/common/log_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <variant>

#include "apps/common/text_table.hpp"
#include "apps/common/usage_report.hpp"
#include "apps/common/wording.hpp"
#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/exchange/outcome_text.hpp"
#include "nakadachi/metering/usage.hpp"
#include "nakadachi/records/log_audit.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::apps {
namespace {

struct TrainName {
  LaneId lane;
  TrainNumber number;
  friend bool operator==(const TrainName&, const TrainName&) = default;
};

TrainName train_of(const storage::LogEntry& row) {
  return std::visit([](const auto& one) { return TrainName{one.lane, one.train}; }, row);
}

crypto::BatchHeader header_of(const storage::StoredTrain& train) {
  return {.purpose = crypto::BatchPurpose::kTrain,
          .signer = train.signer,
          .lane = train.lane,
          .epoch = train.epoch,
          .number = train.number,
          .size = static_cast<std::uint32_t>(train.rows + train.changes + train.heads.size()),
          .root = train.root,
          .signed_at = train.signed_at,
          .signature = train.signature};
}

std::string name_of(const TrainName& train) {
  return fmt::format("lane {} train {}", train.lane.value, train.number.value);
}

/// One way through one log. What is wrong is kept in the outcome; what a function
/// returns is what the store could not do.
class Walk {
 public:
  Walk(storage::ExchangeStore& store, TenantId tenant, const crypto::Verifier& verifier,
       const LogCheckOptions& options)
      : store_(store), tenant_(tenant), verifier_(verifier), options_(options), audit_(tenant) {
    outcome_.head = records::head_of(tenant, {});
  }

  Result<LogCheck> run() {
    NAKADACHI_CHECK(entries());
    if (!outcome_.wrong && train_) NAKADACHI_CHECK(settle(*train_));
    if (!outcome_.wrong) finish();
    if (!outcome_.wrong && options_.last_root && last_) NAKADACHI_CHECK(check_root(*last_));
    return outcome_;
  }

 private:
  void wrong(ErrorCode code, std::string_view field, std::string detail) {
    outcome_.wrong = Error{.code = code, .field = field, .detail = std::move(detail)};
  }

  /// All entries, a page at a time, each page from the last entry before it on, so that
  /// a number that stands twice is seen wherever a page ends.
  Result<void> entries() {
    while (!outcome_.wrong) {
      const std::uint64_t from = outcome_.entries == 0 ? 0 : outcome_.entries - 1;
      NAKADACHI_TRY(const auto page, store_.scan_log(tenant_, from, options_.page + 1));
      auto row = page.begin();
      if (outcome_.entries > 0 && row != page.end() && storage::log_number(*row) == from) ++row;
      if (row == page.end()) return {};
      for (; row != page.end() && !outcome_.wrong; ++row) NAKADACHI_CHECK(take(*row));
      if (options_.on_progress) options_.on_progress(outcome_.entries);
    }
    return {};
  }

  Result<void> take(const storage::LogEntry& row) {
    const TrainName train = train_of(row);
    if (train_ && *train_ != train) {
      NAKADACHI_CHECK(settle(*train_));
      if (outcome_.wrong) return {};
    }
    train_ = train;
    const records::LogEntry entry = tenant_vm::entry_of(tenant_, row);
    if (const auto taken = audit_.entry(entry); !taken) {
      wrong(taken.error().code, taken.error().field,
            fmt::format("{}, {}", taken.error().detail, name_of(train)));
      return {};
    }
    ++outcome_.entries;
    if (options_.kept_head) compare_kept(entry);
    return {};
  }

  void compare_kept(const records::LogEntry& entry) {
    const records::LogHead& kept = *options_.kept_head;
    if (until_kept_.size() >= kept.size) return;
    until_kept_.append(records::entry_hash(entry));
    if (until_kept_.size() == kept.size && until_kept_.root() != kept.root) {
      wrong(ErrorCode::kLogForked, "kept-head", fmt::format("size {}", kept.size));
    }
  }

  /// The train's last entry of this log has been given.
  Result<void> settle(const TrainName& name) {
    NAKADACHI_TRY(const auto train, store_.find_train(name.lane, name.number));
    if (!train) {
      wrong(ErrorCode::kLogHeadDiffers, "train", name_of(name) + " is missing");
      return {};
    }
    check_signer(*train);
    if (outcome_.wrong) return {};
    const auto head = std::ranges::find(train->heads, tenant_, &storage::Head::tenant);
    if (head == train->heads.end()) {
      wrong(ErrorCode::kLogHeadDiffers, "train", name_of(name) + " states no head of this log");
      return {};
    }
    if (const auto agreed = audit_.head({head->tenant, head->size, head->root}); !agreed) {
      wrong(agreed.error().code, agreed.error().field,
            fmt::format("{}, {}", agreed.error().detail, name_of(name)));
      return {};
    }
    outcome_.head = {head->tenant, head->size, head->root};
    last_ = *train;
    return {};
  }

  void check_signer(const storage::StoredTrain& train) {
    const std::string name = name_of({train.lane, train.number});
    const auto& known = options_.signers;
    if (!known.empty() && std::ranges::find(known, train.signer) == known.end()) {
      return wrong(ErrorCode::kUnknownKey, "signer",
                   fmt::format("{} by {}", name, to_hex(train.signer.view())));
    }
    const Bytes message = crypto::signed_bytes(header_of(train));
    if (!verifier_.verify(train.signer, message, train.signature)) {
      return wrong(ErrorCode::kSignatureInvalid, "train", name);
    }
    auto& spans = outcome_.signers;
    if (spans.empty() || spans.back().signer != train.signer) {
      spans.push_back({.signer = train.signer, .first_signed_at = train.signed_at});
    }
    ++spans.back().trains;
    spans.back().last_signed_at = train.signed_at;
  }

  void finish() {
    const auto head = audit_.finish();
    if (!head) {
      outcome_.wrong = head.error();
    } else if (options_.kept_head && options_.kept_head->size > outcome_.entries) {
      wrong(
          ErrorCode::kLogGap, "kept-head",
          fmt::format("{} entries are there, {} were", outcome_.entries, options_.kept_head->size));
    }
  }

  /// Makes the train's root again, from the leaves of all bodies in it and its heads.
  Result<void> check_root(const storage::StoredTrain& train) {
    const std::size_t count = std::size_t{train.rows} + train.changes;
    std::vector<Digest> leaves(count);
    std::size_t found = 0;
    for (const storage::Head& head : train.heads) {
      NAKADACHI_TRY(const std::size_t filled, fill_leaves(leaves, head, train));
      found += filled;
    }
    for (const storage::Head& head : train.heads) {
      leaves.push_back(records::head_leaf({head.tenant, head.size, head.root}));
    }
    if (found != count || crypto::MerkleTree(std::move(leaves)).root() != train.root) {
      wrong(ErrorCode::kHeadNotInTrain, "train", name_of({train.lane, train.number}));
      return {};
    }
    outcome_.root_checked = true;
    return {};
  }

  /// Puts the leaves that a body has in the train to their places; tells how many.
  Result<std::size_t> fill_leaves(std::vector<Digest>& leaves, const storage::Head& head,
                                  const storage::StoredTrain& train) {
    const std::uint64_t from = head.size > leaves.size() ? head.size - leaves.size() : 0;
    NAKADACHI_TRY(const auto rows, store_.scan_log(head.tenant, from, leaves.size()));
    std::size_t filled = 0;
    for (const storage::LogEntry& row : rows) {
      if (train_of(row) != TrainName{train.lane, train.number}) continue;
      const auto [place, leaf] = std::visit(
          [](const auto& one) { return std::pair(std::size_t{one.leaf_index}, one.leaf); }, row);
      if (place >= leaves.size()) continue;
      leaves[place] = leaf;
      ++filled;
    }
    return filled;
  }

  storage::ExchangeStore& store_;
  TenantId tenant_;
  const crypto::Verifier& verifier_;
  const LogCheckOptions& options_;
  records::LogAudit audit_;
  records::Frontier until_kept_;
  std::optional<TrainName> train_;            // of the entry before
  std::optional<storage::StoredTrain> last_;  // that stated a head
  LogCheck outcome_;
};

struct PartText {
  std::uint8_t part;
  std::string_view name;
  std::string_view japanese;
};
constexpr std::array<PartText, 4> kSteps{
    {{1, "asked", "照会"}, {2, "provided", "提供"}, {3, "concluded", "終結"}, {4, "held", "保留"}}};
constexpr std::array<PartText, 8> kSections{{{1, "symbol", "符号"},
                                             {2, "acquisition", "取得番号"},
                                             {3, "copy", "副本"},
                                             {4, "flag", "自動応答不可等"},
                                             {5, "person", "宛名"},
                                             {6, "business_number", "業務システム番号"},
                                             {7, "ordinance", "条例"},
                                             {8, "setting", "設定"}}};

/// The word of a number, or the number.
template <class Texts>
std::string word_of(const Texts& texts, std::uint16_t number, Language language) {
  for (const PartText& text : texts) {
    if (text.part == number) return std::string(in(language, text.japanese, text.name));
  }
  return fmt::format("{}", number);
}

constexpr std::string_view kEntryRow =
    "{:>10}  {:<10} {:>6} {:>8} {:>8} {:>12} {:>12}  {}  {}  {}\n";

}  // namespace

Result<LogCheck> check_log(storage::ExchangeStore& store, TenantId tenant,
                           const crypto::Verifier& verifier, const LogCheckOptions& options) {
  return Walk(store, tenant, verifier, options).run();
}

Result<records::LogHead> parse_head(TenantId tenant, std::string_view text) {
  const auto parts = split(text, ':');
  const Error wrong{.code = ErrorCode::kWrongFormat, .field = "kept-head"};
  if (parts.size() != 2) return wrong;
  const auto size = parse_decimal<std::uint64_t>(parts[0]);
  const auto bytes = from_hex(parts[1]);
  const auto root = bytes ? Digest::from(*bytes) : std::nullopt;
  if (!size || *size == 0 || !root) return wrong;
  return records::LogHead{tenant, *size, *root};
}

std::string text_of(const records::LogHead& head) {
  return fmt::format("{}:{}", head.size, to_hex(head.root.view()));
}

nlohmann::json log_check_json(const LogCheck& check) {
  nlohmann::json signers = nlohmann::json::array();
  for (const SignerSpan& span : check.signers) {
    signers.push_back({{"key", to_hex(span.signer.view())},
                       {"trains", span.trains},
                       {"first_signed_at", to_iso8601(span.first_signed_at)},
                       {"last_signed_at", to_iso8601(span.last_signed_at)}});
  }
  nlohmann::json made = {{"good", !check.wrong},
                         {"entries", check.entries},
                         {"head", text_of(check.head)},
                         {"root_checked", check.root_checked},
                         {"signers", std::move(signers)}};
  if (check.wrong) {
    made["error"] = nakadachi::text_of(check.wrong->code).name;
    made["detail"] = check.wrong->detail;
  }
  return made;
}

std::string log_check_text(const LogCheck& check, Language language) {
  std::string text;
  const auto line = [&](std::string_view japanese, std::string_view english, const auto& value) {
    fmt::format_to(std::back_inserter(text), "{}: {}\n", in(language, japanese, english), value);
  };
  if (check.wrong) {
    line("異常", "wrong", describe(*check.wrong, language));
  } else {
    line("結果", "result", in(language, "異常ありません", "nothing is wrong"));
  }
  line("件数", "entries", check.entries);
  line("先頭値（控えてください）", "head (keep it)", text_of(check.head));
  line("先頭値の署名", "head under the last train's signature",
       check.root_checked ? in(language, "確認済", "checked")
                          : in(language, "未確認", "not checked"));
  for (const SignerSpan& span : check.signers) {
    line("署名鍵", "signer",
         fmt::format("{}  {} {}  {} .. {}", to_hex(span.signer.view()), span.trains,
                     in(language, "束", "trains"), to_iso8601(span.first_signed_at),
                     to_iso8601(span.last_signed_at)));
  }
  return text;
}

std::string what_of(const records::LogEntry& entry, Language language) {
  if (entry.sort == records::EntrySort::kStep) return word_of(kSteps, entry.part, language);
  return fmt::format("{}{}", word_of(kSections, entry.part, language),
                     entry.erase ? in(language, "（消去）", " (erased)") : "");
}

std::string outcome_of(const records::LogEntry& entry, Language language) {
  if (entry.outcome == 0) return "-";
  const exchange::OutcomeText* const text = exchange::find_outcome(entry.outcome);
  if (text == nullptr) return fmt::format("{}", entry.outcome);
  return std::string(in(language, text->japanese, text->name));
}

nlohmann::json entry_json(const records::LogEntry& entry) {
  const bool step = entry.sort == records::EntrySort::kStep;
  nlohmann::json made = sums_json(metering::sums_of(entry.units));
  made.erase("rows");
  made["number"] = entry.number;
  made["day"] = metering::day_of(entry.id).text();
  made["sort"] = step ? "step" : "change";
  made["what"] = step ? word_of(kSteps, entry.part, Language::kEnglish)
                      : word_of(kSections, entry.part, Language::kEnglish);
  if (entry.outcome != 0) made["outcome"] = outcome_of(entry, Language::kEnglish);
  if (!step) made["erased"] = entry.erase;
  made["cause"] = text_of(entry.units.cause).name;
  return made;
}

std::string entry_line(const records::LogEntry& entry, Language language) {
  const Units& units = entry.units;
  const billing::LineText& cause = text_of(units.cause);
  return fmt::format(kEntryRow, entry.number, metering::day_of(entry.id).text(), units.persons,
                     units.messages_in, units.messages_out, units.bytes_in, units.bytes_out,
                     what_of(entry, language), outcome_of(entry, language),
                     in(language, cause.japanese, cause.english));
}

std::string entry_heading(Language language) {
  const auto word = [&](std::string_view japanese, std::string_view english) {
    return in(language, japanese, english);
  };
  return fmt::format(kEntryRow, word("番号", "number"), word("日", "day"), word("人数", "persons"),
                     word("受信通数", "in"), word("送信通数", "out"),
                     word("受信バイト数", "bytes in"), word("送信バイト数", "bytes out"),
                     word("内容", "what"), word("結果", "outcome"), word("原因", "cause"));
}

}  // namespace nakadachi::apps
