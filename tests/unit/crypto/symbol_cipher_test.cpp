#include "nakadachi/crypto/symbol_cipher.hpp"

#include <bit>
#include <set>
#include <utility>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

TEST_CASE("symbols are those of another implementation of the document") {
  SymbolCipher cipher{SecretBytes(run(0, 32))};
  const auto person = PersonId::from(run(0, 16)).value();
  CHECK(to_hex(cipher.symbol_of(institution(1), person).reveal()) ==
        "0775f50a003afe2eb800824233a5a921");
  CHECK(to_hex(cipher.symbol_of(institution(2), person).reveal()) ==
        "825bfddac912400fca6da1bd206f0795");
}

TEST_CASE("a symbol leads back to its person and on to every other institution") {
  SymbolCipher made(filled_secret(5));
  SymbolCipher cipher = std::move(made);
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) {
    const auto person = random.make<PersonId>();
    const Symbol here = cipher.symbol_of(institution(10), person);
    const Symbol there = cipher.symbol_of(institution(11), person);
    CHECK(cipher.person_of(institution(10), here) == person);
    CHECK(cipher.translate(institution(10), here, institution(11)) == there);
    CHECK(cipher.translate(institution(11), there, institution(10)) == here);
    CHECK(cipher.person_of(institution(11), here) != person);
  }
}

TEST_CASE("a person's symbols at two institutions look unrelated") {
  SymbolCipher cipher(filled_secret(5));
  std::set<std::string> seen;
  int different_bits = 0;
  for (std::uint8_t number = 0; number < 200; ++number) {
    PersonId person;
    person.writable()[15] = number;
    const Symbol a = cipher.symbol_of(institution(10), person);
    const Symbol b = cipher.symbol_of(institution(11), person);
    seen.insert(to_hex(a.reveal()));
    seen.insert(to_hex(b.reveal()));
    for (std::size_t i = 0; i < Symbol::kSize; ++i) {
      different_bits += std::popcount(static_cast<unsigned>(a.reveal()[i] ^ b.reveal()[i]));
    }
  }
  CHECK(seen.size() == 400);
  // Half of 128 bits on average; the deviation of the mean of 200 is 0.4.
  CHECK(different_bits > 200 * 61);
  CHECK(different_bits < 200 * 67);
}

TEST_CASE("no two of a person's symbols are related, at however many institutions") {
  SymbolCipher cipher(filled_secret(5));
  // Codes and ids that differ in one place only: what a weak rule would let shine through.
  constexpr std::uint64_t kInstitutions = 64;
  std::set<std::string> symbols;
  std::set<std::string> differences;
  int different_bits = 0;
  for (std::uint8_t number = 0; number < 8; ++number) {
    PersonId person;
    person.writable()[15] = number;
    std::vector<Symbol> held;
    for (std::uint64_t code = 1; code <= kInstitutions; ++code) {
      held.push_back(cipher.symbol_of(institution(1'310'410'000'000'000 + code), person));
      symbols.insert(to_hex(held.back().reveal()));
    }
    for (std::size_t a = 0; a < held.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        Bytes difference(Symbol::kSize);
        for (std::size_t i = 0; i < Symbol::kSize; ++i) {
          difference[i] = held[a].reveal()[i] ^ held[b].reveal()[i];
          different_bits += std::popcount(difference[i]);
        }
        differences.insert(to_hex(difference));
      }
    }
  }
  constexpr std::size_t kPairs = 8 * kInstitutions * (kInstitutions - 1) / 2;
  CHECK(symbols.size() == 8 * kInstitutions);
  // Were there a fixed difference between two institutions, persons would share it.
  CHECK(differences.size() == kPairs);
  // Half of 128 bits on average; the deviation of the mean of as many pairs is below 0.1.
  CHECK(different_bits > static_cast<int>(kPairs) * 63);
  CHECK(different_bits < static_cast<int>(kPairs) * 65);
}

TEST_CASE("another root gives other symbols") {
  const auto person = filled<PersonId>(1);
  CHECK(SymbolCipher(filled_secret(5)).symbol_of(institution(1), person) !=
        SymbolCipher(filled_secret(6)).symbol_of(institution(1), person));
}

}  // namespace
}  // namespace nakadachi::crypto::test
