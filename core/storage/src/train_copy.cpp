#include "train_copy.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace nakadachi::storage {
namespace {

// PostgreSQL documentation, COPY, "Binary Format": signature, flags, length of extension.
constexpr std::array<std::uint8_t, 19> kHeader = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', '\0', 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::uint16_t kColumns = 11;
constexpr std::uint16_t kEnd = 0xffff;

template <std::size_t Size>
void put_number(Bytes& to, std::uint64_t value) {
  append_big_endian<4>(to, Size);
  append_big_endian<Size>(to, value);
}

void put_bytes(Bytes& to, ByteView value) {
  append_big_endian<4>(to, value.size());
  append(to, value);
}

/// Appends the arguments of nakadachi.add_changes: one array a column of the changes.
class Columns {
 public:
  Columns(std::string& sql, const std::vector<ChangeRow>& changes) : sql_(sql), changes_(changes) {}

  /// Short words, as the text of an array: `,'{1,2}'`.
  template <class Word>
  void add_words(const Word& word) {
    sql_ += ",'{";
    add_each(word);
    sql_ += "}'";
  }

  /// Bytes, which string_to_array cuts faster than the server reads the text of an array.
  template <class View>
  void add_bytes(const View& view) {
    sql_ += ",string_to_array('";
    add_each([&](const ChangeRow& change) { return "\\x" + to_hex(view(change)); });
    sql_ += "',',')";
  }

 private:
  template <class Text>
  void add_each(const Text& text) {
    for (const ChangeRow& change : changes_) {
      if (&change != changes_.data()) sql_ += ',';
      sql_ += text(change);
    }
  }

  std::string& sql_;
  const std::vector<ChangeRow>& changes_;
};

/// Values come last: what a server shows of a running statement is its beginning.
void append_changes(std::string& sql, const Train& train) {
  fmt::format_to(std::back_inserter(sql), "SELECT nakadachi.add_changes({},{},{}", train.lane.value,
                 train.epoch.value, train.number.value);
  Columns columns(sql, train.changes);
  columns.add_words([](const ChangeRow& change) { return std::to_string(change.tenant.value); });
  columns.add_words([](const ChangeRow& change) {
    return std::to_string(static_cast<unsigned>(change.section));
  });
  columns.add_words([](const ChangeRow& change) { return change.erase ? "t" : "f"; });
  columns.add_bytes([](const ChangeRow& change) { return change.change.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.key.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.salt.view(); });
  columns.add_bytes([](const ChangeRow& change) { return change.leaf.view(); });
  columns.add_bytes([](const ChangeRow& change) { return ByteView(change.record); });
  columns.add_bytes([](const ChangeRow& change) { return ByteView(change.value); });
  sql += ");";
}

}  // namespace

std::string train_sql(const Train& train) {
  std::string sql = fmt::format(
      "BEGIN ISOLATION LEVEL READ COMMITTED;"
      "INSERT INTO nakadachi.train (lane, number, epoch, rows, changes, low_water_bucket,"
      " signed_at_ms, root, signer, signature) VALUES ({},{},{},{},{},{},{},"
      "decode('{}','hex'),decode('{}','hex'),decode('{}','hex'));",
      train.lane.value, train.number.value, train.epoch.value, train.rows.size(),
      train.changes.size(), train.low_water_bucket, train.signed_at.ms, to_hex(train.root.view()),
      to_hex(train.signer.view()), to_hex(train.signature.view()));
  if (!train.changes.empty()) append_changes(sql, train);
  sql +=
      "COPY nakadachi.step_all (tenant, exchange, step, outcome, lane, epoch, train, leaf_index,"
      " salt, leaf, sealed) FROM STDIN (FORMAT binary);"
      "COMMIT";
  return sql;
}

Bytes copy_data(const Train& train) {
  constexpr std::size_t kRowBytesBesidesSealed = 160;
  std::size_t size = kHeader.size() + sizeof kEnd;
  for (const StepRow& row : train.rows) size += kRowBytesBesidesSealed + row.sealed.size();
  Bytes data;
  data.reserve(size);

  append(data, kHeader);
  std::uint16_t leaf_index = 0;
  for (const StepRow& row : train.rows) {
    append_big_endian<2>(data, kColumns);
    put_number<4>(data, row.tenant.value);
    put_bytes(data, row.exchange.view());
    put_number<2>(data, static_cast<std::uint8_t>(row.step));
    put_number<4>(data, row.outcome);
    put_number<4>(data, train.lane.value);
    put_number<8>(data, train.epoch.value);
    put_number<8>(data, train.number.value);
    put_number<2>(data, leaf_index++);
    put_bytes(data, row.salt.view());
    put_bytes(data, row.leaf.view());
    put_bytes(data, row.sealed);
  }
  append_big_endian<2>(data, kEnd);
  return data;
}

}  // namespace nakadachi::storage
