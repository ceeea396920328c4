#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "apps/common/municipalities.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/exchange/messages.hpp"

namespace nakadachi::apps {

/// One person for so many real residents of each town, but at least one; empty for a scale of 0.
std::vector<std::size_t> persons_by_population(std::span<const Municipality> towns,
                                               std::uint64_t scale);

/// How many simulated residents, and what comes of asking about them.
struct ResidentsPlan {
  std::size_t towns = 12;
  std::size_t persons = 1'000;
  /// How many of the persons live in each town, in its order; empty: about equally many.
  std::vector<std::size_t> persons_of_town = {};
  std::size_t answer_bytes = 0;      ///< of a registered copy, at least
  bool everything_answered = false;  ///< no query that ends otherwise
  std::uint64_t seed = 0;            ///< other persons, and another fate for each
};

/// The simulated residents of a demo: who is known where, what is registered about
/// them, what is asked and what should come of it. Everything follows from the plan.
/// A town has two institutions, mayor and education board; both are named by
/// `2 * town` and `2 * town + 1`.
class DemoResidents {
 public:
  /// `layouts` outlives the residents and has every kind that is asked for.
  DemoResidents(const ResidentsPlan& plan, std::vector<InstitutionCode> institutions,
                const copies::LayoutBook& layouts);

  /// Somebody whose symbol an institution acquires.
  struct Known {
    std::size_t institution = 0;
    AddressNumber person;
    std::uint64_t personal_number = 0;
  };
  std::vector<Known> known() const;

  struct Copy {
    std::size_t institution = 0;
    AddressNumber person;
    InformationKind kind;
    copies::CopyContent content;
  };
  std::vector<Copy> copies() const;

  /// 自動応答不可, and what staff decide about it: provide, provide after some thought, refuse for
  /// doubt about the person or because the information is being corrected, or nothing.
  enum class Decision : std::uint8_t { kApprove, kApproveLate, kDoubt, kCorrect, kLeave };
  struct Held {
    std::size_t institution = 0;
    AddressNumber person;
    Decision decision = Decision::kApprove;
  };
  std::vector<Held> held() const;

  /// Whose provider has marked them 不開示.
  struct Person {
    std::size_t institution = 0;
    AddressNumber person;
  };
  std::vector<Person> non_disclosed() const;

  /// The kind that the business systems of all mayors answer themselves, and what they
  /// say about one of their persons; nothing when there is no data.
  static InformationKind live_kind();
  std::optional<copies::CopyContent> live_answer(const AddressNumber& person) const;

  /// The affair in which every education board may ask its own mayor, by ordinance, and
  /// the kind it may ask for.
  static AffairCode own_affair();
  static InformationKind own_kind();

  /// The affair in which every mayor may ask another town's, by the asking town's ordinance only
  /// (番号法19条9号), and the affair of the table that it is treated as.
  static AffairCode network_affair();
  static AffairCode treated_as();

  /// Which institution's file of which kind violates Article 28; none when
  /// everything is answered.
  struct Suspended {
    std::size_t institution = 0;
    InformationKind kind;
  };
  std::optional<Suspended> suspended() const;

  /// Affairs the business system of an institution may ask in.
  std::vector<AffairCode> affairs_of(std::size_t institution) const;

  struct PlannedQuery {
    std::size_t system = 0;  ///< of the institution that asks
    AddressNumber person;
    exchange::Subject subject;
    exchange::Outcome expected = exchange::Outcome::kAnswered;
  };
  PlannedQuery query(std::uint64_t i) const;

 private:
  std::size_t asking_town(std::uint64_t person) const;
  std::size_t providing_town(std::uint64_t person) const;
  std::size_t asking_institution(std::uint64_t person) const;
  std::size_t providing_institution(std::uint64_t person) const {
    return 2 * providing_town(person);
  }
  /// Both institutions of a town know a person by the same number.
  static AddressNumber address_of(std::size_t institution, std::uint64_t person);
  PlannedQuery query_within_body(std::uint64_t person) const;
  copies::CopyContent content_of(std::uint64_t person, const InformationKind& kind) const;
  exchange::Outcome expected(std::uint64_t person, const exchange::Subject& subject) const;
  exchange::Outcome expected_of_provider(std::uint64_t person,
                                         const exchange::Subject& subject) const;
  bool mixed(std::uint64_t person, std::uint64_t every, std::uint64_t which) const {
    return !plan_.everything_answered && lot_of(person) % every == which;
  }
  std::uint64_t lot_of(std::uint64_t person) const;
  Decision decision_on(std::uint64_t person) const;

  ResidentsPlan plan_;
  std::vector<std::uint64_t> first_after_town_;  ///< the next town's first person
  std::vector<InstitutionCode> institutions_;
  const copies::LayoutBook& layouts_;
};

}  // namespace nakadachi::apps
