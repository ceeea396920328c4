// Wishes (施行令 26条3項): whoever is told that the provider holds no symbol of a person asks it to
// acquire one, naming the person by the four items. Where the provider's items are not the same its
// staff correct them first. What is sent is lost, doubled and delayed like everything else.

#include <algorithm>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {

using storage::Section;

namespace {

constexpr std::int64_t kWishTurnMs = 1'700;
constexpr std::size_t kMostQuestions = 12;

std::size_t seeker(std::size_t town) { return 2 * town; }
std::size_t provider_for(std::size_t town) { return 2 * (1 - town); }

}  // namespace

void World::schedule_wishes() {
  for (std::size_t town = 0; town < kTowns; ++town) {
    wishes_[town].lack =
        ask_about_sought(town, kStart + 500 + static_cast<std::int64_t>(random_.below(6'000)));
    after(kWishTurnMs, [this, town] { wish_turn(town); });
  }
}

/// The place of the question among all.
std::size_t World::ask_about_sought(std::size_t town, Timestamp when) {
  const std::size_t index = asked_.size();
  asked_.push_back({.query = universe_.make_sought_query(town, when, random_),
                    .asker = seeker(town),
                    .outcome = std::nullopt});
  ++wishes_[town].questions;
  at(when, [this, index] { ask(index); });
  return index;
}

/// Permits arrive at nearly the same time as the symbol they need.
void World::ask_as_symbol_comes(std::size_t town) {
  for (int i = 0; i < 4 && wishes_[town].questions < kMostQuestions; ++i) {
    ask_about_sought(town, now_ + static_cast<std::int64_t>(random_.below(20)));
  }
}

/// Does what is due until the provider has the symbol, and a question asked then is answered.
void World::wish_turn(std::size_t town) {
  Wish& wish = wishes_[town];
  if (is_over(wish)) return;
  const std::size_t provider = provider_for(town);
  if (const Asked& lack = asked_[wish.lack]; lack.never_accepted || lack.outcome) {
    const bool shows_it =
        lack.outcome && lack.outcome->outcome == exchange::Outcome::kProviderHoldsNoSymbol;
    if (!shows_it) {
      wish.lack = ask_about_sought(town, now_);
    } else if (!wish.told) {
      const RequestKey key = send_request(
          seeker(town), wire::AskToAcquire{lack.query.key, Universe::sought_items(town).four});
      wishing_.emplace(key, town);
    }
  }
  if (wish.told) {
    send_request(provider, wire::ListAcquisitions{});
    if (have_moved_ && !wish.corrected) send_request(provider, wire::ListAcquisitionRequests{});
    if (wish.questions < kMostQuestions / 2 && random_.chance(500)) ask_about_sought(town, now_);
    if (!wish.last && is_followed(town)) wish.last = ask_about_sought(town, now_);
  }
  after(kWishTurnMs, [this, town] { wish_turn(town); });
}

/// The provider's staff find out whom the wish means.
void World::on_wishes(std::size_t institution, const wire::AcquisitionWishes& wishes) {
  const std::size_t town = 1 - Universe::town_of(institution);
  for (const wire::AcquisitionWish& wish : wishes.wishes) {
    if (wish.begun || wish.candidates.size() != 1 || wishes_[town].corrected) continue;
    const RequestKey key = send_request(
        institution, wire::PutPerson{wish.candidates.front(), Universe::sought_items(town), {}});
    correcting_.emplace(key, town);
  }
}

/// The resident system is told the numbers of those whom a wish was about.
void World::on_acquisitions(std::size_t institution, const wire::Acquisitions& under_way) {
  for (const wire::Acquisition& one : under_way.acquisitions) {
    if (!Universe::is_sought(Universe::ordinal_of(one.person))) continue;
    send_request(institution, wire::Acquire{one.person});
  }
}

/// The symbol is there, and neither town keeps anything of the acquisition.
bool World::is_followed(std::size_t town) const {
  const auto is_under_way = [](const auto& holding) {
    return std::get<Section>(holding.first) == Section::kAcquisition;
  };
  return universe_.binds(store_, provider_for(town), Universe::sought_by(town)) &&
         std::ranges::none_of(store_.holdings(), is_under_way);
}

bool World::is_over(const Wish& wish) const {
  if (!wish.last) return false;
  const Asked& last = asked_[*wish.last];
  return last.outcome || last.never_accepted;
}

bool World::all_over() const {
  return std::ranges::all_of(wishes_, [this](const Wish& wish) { return is_over(wish); });
}

/// Changes of a holding by their numbers.
std::map<std::uint64_t, copies::ChangeRecord> World::changes_of(std::size_t town, Section section,
                                                                const HoldingKey& key) const {
  std::map<std::uint64_t, copies::ChangeRecord> changes;
  for (const auto& [name, change] : store_.changes()) {
    if (name.first != universe_.tenant(town) || change.section != section || change.key != key) {
      continue;
    }
    if (const auto record = open_record(town, change)) changes.emplace(change.number, *record);
  }
  return changes;
}

/// durable-before-visible: a wish leaves its town, and the word that it is followed the other, when
/// the row is on disk that says so.
void World::check_wish_leaves(const wire::LinkItem& item) {
  if (item.kind == exchange::StatementKind::kAcquisitionRequest) {
    const auto wish = wire::decode_acquisition_request(item.statement);
    const std::size_t town = Universe::town_of(universe_.index_of(wish->asker));
    crypto::TenantCipher cipher = universe_.cipher(town);
    const auto key = *tenant_vm::wish_key(cipher, wish->asker, wish->request_hash);
    if (changes_of(town, Section::kAcquisition, key).empty()) {
      broken("durable-before-visible", "a wish left before it was durable");
    }
    wish_sizes_.insert(item.statement.size());
  } else if (item.kind == exchange::StatementKind::kStatusReply) {
    const auto reply = wire::decode_status_reply(item.statement);
    if (reply->status != exchange::Status::kWishFollowed) return;
    const std::size_t town = Universe::town_of(universe_.index_of(reply->provider));
    crypto::TenantCipher cipher = universe_.cipher(town);
    const auto key = *tenant_vm::acquisition_key(
        cipher, reply->provider, Universe::address_of(2 * town, Universe::sought_by(1 - town)));
    if (changes_of(town, Section::kAcquisition, key).empty()) {
      broken("durable-before-visible", "a wish was called followed before it was");
    }
  }
}

/// wish-followed: what was wished for has come of it, once, and both towns have recorded how.
void World::check_wishes() {
  for (std::size_t town = 0; town < kTowns; ++town) {
    const std::size_t provider = provider_for(town);
    const std::size_t person = Universe::sought_by(town);
    const AddressNumber number = Universe::address_of(provider, person);
    const InstitutionCode code = universe_.institution(provider);
    crypto::TenantCipher cipher = universe_.cipher(1 - town);
    const auto symbol_key = *tenant_vm::symbol_key(cipher, code, number);
    const auto stored =
        store_.holdings().find({universe_.tenant(1 - town), Section::kSymbol, symbol_key});
    if (stored == store_.holdings().end()) return broken("wish-followed", "no symbol is bound");
    const auto bound = tenant_vm::open_symbol(cipher, symbol_key, stored->second);
    const std::pair due(number, universe_.symbol_of(provider, person));
    if (!bound || bound->institution != code || bound->binding != due) {
      return broken("wish-followed", "the provider has bound another symbol");
    }
    if (changes_of(1 - town, Section::kSymbol, symbol_key).size() != 1) {
      return broken("wish-followed", "the symbol was not bound once");
    }
    const auto begun = changes_of(1 - town, Section::kAcquisition,
                                  *tenant_vm::acquisition_key(cipher, code, number));
    if (begun.empty() || begun.begin()->second.reason.why() != "asked by another body") {
      return broken("wish-followed", "the acquisition did not begin by the wish");
    }
    check_wish_ended(town);
    occurred(Occasion::kWishFollowed);
    if (wishes_[town].corrected) occurred(Occasion::kWishHeld);
  }
}

/// The asker's side: recorded with who asked, and ended by the provider's word.
void World::check_wish_ended(std::size_t town) {
  crypto::TenantCipher cipher = universe_.cipher(town);
  const Asked& lack = asked_[wishes_[town].lack];
  const auto concluded = conclusions().at(lack.query.key);
  const auto key = *tenant_vm::wish_key(cipher, concluded.subject.asker, concluded.request_hash);
  const auto changes = changes_of(town, Section::kAcquisition, key);
  if (changes.size() < 2 || changes.begin()->second.reason.who() != "staff" ||
      changes.rbegin()->second.reason.why() != "wish followed") {
    broken("wish-followed", "the asker has not recorded its wish and its end");
  }
}

}  // namespace nakadachi::sim
