#include "nakadachi/base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "nakadachi/base/clock.hpp"

namespace nakadachi::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, Level least) {
  auto made = std::make_shared<spdlog::logger>("nakadachi", std::move(sink));
  made->set_pattern("%v");
  made->set_level(spdlog_level(least));
  made->flush_on(spdlog::level::info);
  return made;
}

std::mutex logger_mutex;

std::shared_ptr<spdlog::logger>& logger_slot() {
  static auto slot = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), Level::kInfo);
  return slot;
}

std::shared_ptr<spdlog::logger> current_logger() {
  const std::scoped_lock lock(logger_mutex);
  return logger_slot();
}

void append_quoted(std::string& line, std::string_view text) {
  line.push_back('"');
  for (const char character : text) {
    if (character == '"' || character == '\\') {
      line.push_back('\\');
      line.push_back(character);
    } else if (static_cast<unsigned char>(character) < 0x20) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(character));
    } else {
      line.push_back(character);
    }
  }
  line.push_back('"');
}

void append_field(std::string& line, const Field& field) {
  line.push_back(',');
  append_quoted(line, field.name);
  line.push_back(':');
  std::visit(
      [&line](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string_view>) {
          append_quoted(line, value);
        } else {
          line += fmt::format("{}", value);
        }
      },
      field.value);
}

std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      break;
  }
  return "error";
}

void write_line(Level level, std::string_view event, std::span<const Field> about,
                std::span<const Field> fields) {
  try {
    const auto logger = current_logger();
    if (!logger->should_log(spdlog_level(level))) return;
    std::string line = R"({"time":")" + to_iso8601(SystemClock().now()) + R"(","level":")";
    line += name_of(level);
    line += R"(","event":)";
    append_quoted(line, event);
    for (const Field& field : about) append_field(line, field);
    for (const Field& field : fields) append_field(line, field);
    line.push_back('}');
    logger->log(spdlog_level(level), line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a full disk must not stop an exchange
  }
}

}  // namespace

Result<void> open(const std::string& path, Level least) {
  try {
    spdlog::sink_ptr sink;
    if (path.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    auto logger = make_logger(std::move(sink), least);
    const std::scoped_lock lock(logger_mutex);
    logger_slot() = std::move(logger);
    return {};
  } catch (const spdlog::spdlog_ex& problem) {
    return Error{.code = ErrorCode::kFileProblem, .detail = problem.what()};
  }
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  write_line(level, event, {}, {fields.begin(), fields.size()});
}

void write(Level level, std::string_view event, const Error& error,
           std::initializer_list<Field> fields) {
  const std::array<Field, 5> about = {{{"error", static_cast<std::int64_t>(error.code)},
                                       {"error_name", text_of(error.code).name},
                                       {"field", error.field},
                                       {"position", static_cast<std::int64_t>(error.position)},
                                       {"detail", std::string_view(error.detail)}}};
  write_line(level, event, about, {fields.begin(), fields.size()});
}

void write_counts(std::string_view event, const std::map<ErrorCode, std::uint64_t>& counts) {
  if (counts.empty()) return;
  std::vector<Field> fields;
  fields.reserve(counts.size());
  for (const auto& [code, count] : counts) fields.push_back({text_of(code).name, count});
  write_line(Level::kInfo, event, {}, fields);
}

}  // namespace nakadachi::log
