#include "nakadachi/symbol_mapping/symbol_map.hpp"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "block_table.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::symbols {
namespace {

constexpr std::uint8_t kBindingVersion = 1;

using Binding = SymbolMap::Binding;

SecretBytes draw_key(Random& random) {
  SecretBytes key(crypto::BlockCipher::kKeySize);
  random.fill(key.writable());
  return key;
}

/// Eight zero bytes and the number, most significant first.
Block enciphered(const MapKeys& keys, const AddressNumber& address) {
  Block block{};
  std::uint64_t number = address.reveal();
  for (std::size_t i = block.size(); number > 0; number >>= 8) {
    block[--i] = static_cast<std::uint8_t>(number);
  }
  keys.addresses.encipher(block);
  return block;
}

Block enciphered(const MapKeys& keys, const Symbol& symbol) {
  Block block{};
  std::copy(symbol.reveal().begin(), symbol.reveal().end(), block.begin());
  keys.symbols.encipher(block);
  return block;
}

AddressNumber deciphered_address(const MapKeys& keys, Block block) {
  keys.addresses.decipher(block);
  std::uint64_t number = 0;
  for (const std::uint8_t byte : block) number = number << 8 | byte;
  return AddressNumber::from_number(number).value();
}

Symbol deciphered_symbol(const MapKeys& keys, Block block) {
  keys.symbols.decipher(block);
  return Symbol(block);
}

/// Where the last binding stands whose one side is enciphered to `key`.
template <class Member>
Error conflict(const MapKeys& keys, std::span<const Binding> bindings, Member member,
               const Block& key) {
  Error error{.code = ErrorCode::kRowConflict, .field = "symbol_binding"};
  for (std::size_t i = bindings.size(); i-- > 0 && error.position < 0;) {
    if (enciphered(keys, bindings[i].*member) == key) {
      error.position = static_cast<std::int32_t>(i);
    }
  }
  return error;
}

}  // namespace

MapKeys::MapKeys(Random& random) : addresses(draw_key(random)), symbols(draw_key(random)) {}

struct SymbolMap::Tables {
  BlockTable by_address;
  BlockTable by_symbol;
};

SymbolMap::SymbolMap(std::shared_ptr<const MapKeys> keys)
    : keys_(std::move(keys)), tables_(std::make_shared<const Tables>()) {
  NAKADACHI_ASSERT(keys_ != nullptr);
}

Result<SymbolMap> SymbolMap::make(std::shared_ptr<const MapKeys> keys,
                                  std::span<const Binding> bindings) {
  return SymbolMap(std::move(keys)).with(bindings);
}

Result<Symbol> SymbolMap::find_symbol(const AddressNumber& address) const {
  if (tables_ == nullptr) return ErrorCode::kSymbolNotAcquired;
  const Block* const found = tables_->by_address.find(enciphered(*keys_, address));
  if (found == nullptr) return ErrorCode::kSymbolNotAcquired;
  return deciphered_symbol(*keys_, *found);
}

Result<AddressNumber> SymbolMap::find_address(const Symbol& symbol) const {
  if (tables_ == nullptr) return ErrorCode::kProviderHoldsNoSymbol;
  const Block* const found = tables_->by_symbol.find(enciphered(*keys_, symbol));
  if (found == nullptr) return ErrorCode::kProviderHoldsNoSymbol;
  return deciphered_address(*keys_, *found);
}

Result<SymbolMap> SymbolMap::with(std::span<const Binding> added,
                                  std::span<const AddressNumber> removed) const {
  NAKADACHI_ASSERT(keys_ != nullptr);
  std::vector<Block> removed_addresses;
  std::vector<Block> removed_symbols;
  for (const AddressNumber& address : removed) {
    const Block key = enciphered(*keys_, address);
    const Block* const symbol = tables_->by_address.find(key);
    if (symbol == nullptr) return ErrorCode::kSymbolNotAcquired;
    removed_addresses.push_back(key);
    removed_symbols.push_back(*symbol);
  }
  std::vector<BlockTable::Row> by_address;
  std::vector<BlockTable::Row> by_symbol;
  by_address.reserve(added.size());
  by_symbol.reserve(added.size());
  for (const auto& [address, symbol] : added) {
    by_address.push_back(
        {.key = enciphered(*keys_, address), .partner = enciphered(*keys_, symbol)});
    by_symbol.push_back({.key = by_address.back().partner, .partner = by_address.back().key});
  }
  auto addresses = tables_->by_address.with(std::move(by_address), std::move(removed_addresses));
  if (const auto* problem = std::get_if<BlockTable::Problem>(&addresses)) {
    if (!problem->twice) return ErrorCode::kSymbolNotAcquired;
    return conflict(*keys_, added, &Binding::first, problem->key);
  }
  auto symbols = tables_->by_symbol.with(std::move(by_symbol), std::move(removed_symbols));
  if (const auto* problem = std::get_if<BlockTable::Problem>(&symbols)) {
    return conflict(*keys_, added, &Binding::second, problem->key);
  }
  SymbolMap changed = *this;
  changed.tables_ = std::make_shared<const Tables>(
      Tables{std::get<BlockTable>(std::move(addresses)), std::get<BlockTable>(std::move(symbols))});
  return changed;
}

std::size_t SymbolMap::size() const noexcept {
  return tables_ == nullptr ? 0 : tables_->by_address.size();
}

Bytes encode(const SymbolMap::Binding& binding) {
  Bytes bytes;
  append_big_endian<1>(bytes, kBindingVersion);
  append_big_endian<8>(bytes, binding.first.reveal());
  append(bytes, binding.second.reveal());
  return bytes;
}

Result<SymbolMap::Binding> decode_binding(ByteView bytes) {
  if (!bytes.empty() && bytes[0] != kBindingVersion) return ErrorCode::kUnsupportedVersion;
  Reader reader(bytes);
  reader.take(1);
  const auto address = AddressNumber::from_number(reader.number<8>());
  const auto symbol = Symbol::from(reader.take(Symbol::kSize));
  if (!reader.complete() || !address || !symbol) {
    return Error{.code = ErrorCode::kMalformedFrame, .field = "symbol_binding"};
  }
  return Binding{*address, *symbol};
}

}  // namespace nakadachi::symbols
