// verify FILE: checks the DKIM signatures of a message, whose lines end with CRLF, asking the DNS.
#include <fstream>
#include <iostream>
#include <sstream>

#include "auth/dkim_verify.h"
#include "dns/ask.h"
#include "dns/unbound_resolver.h"

using namespace postern;

int main(int argc, char** argv) {
  std::ifstream file(argc > 1 ? argv[1] : "", std::ios::binary);
  std::ostringstream content;
  if (!(content << file.rdbuf())) return 2;
  const std::string message = content.str();

  // The verifier says which hashes of the body it needs; the body may come in pieces.
  const mail::HeaderSection section = mail::parse_header_section(message);
  auth::BodyHashes body;
  const auth::DkimVerifier dkim(message, section, body);
  body.update(std::string_view(message).substr(section.body_begin));
  body.finish();

  // It asks questions and never waits. Here we may block; a server asks on its event loop.
  auto resolver = dns::make_unbound_resolver({.servers = {argv + 2, argv + argc}}).value();
  dns::AnswerSet answers;
  dns::AskBudget budget;
  auth::DkimKeyCache keys;
  const auto results = dns::ask_until_done(
      *resolver, answers, budget,
      [&](const dns::AnswerSet& known) { return dkim.evaluate(known, keys, now()); });

  bool passes = false;
  for (const auth::DkimResult& one : results) {
    std::cout << to_string(one.status) << " d=" << one.domain << " " << to_sentence(one.problem)
              << "\n";
    passes = passes || one.status == auth::DkimStatus::pass;
  }
  return passes ? 0 : 1;
}
