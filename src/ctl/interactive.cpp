#include "ctl/interactive.h"

#include <histedit.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "admin/format.h"
#include "base/ascii.h"
#include "ctl/completion.h"

namespace postern::ctl {
namespace {

constexpr int history_size = 1000;

struct EndEditing {
  void operator()(EditLine* editing) const { el_end(editing); }
  void operator()(History* history) const { history_end(history); }
};

/// What the callbacks of libedit see: they get no pointer of ours but this.
struct Terminal {
  std::string prompt;
  std::unique_ptr<History, EndEditing> history{history_init()};
  std::unique_ptr<EditLine, EndEditing> editing{el_init("postern", stdin, stdout, stderr)};
};

char* show_prompt(EditLine* editing) {
  void* data = nullptr;
  el_get(editing, EL_CLIENTDATA, &data);
  return static_cast<Terminal*>(data)->prompt.data();
}

/// Tab: inserts what all candidates share, or lists them.
unsigned char on_tab(EditLine* editing, int) {
  const LineInfo* info = el_line(editing);
  const std::string_view line(info->buffer, static_cast<std::size_t>(info->cursor - info->buffer));
  const Completion completion = complete(line);
  if (completion.candidates.empty()) return CC_REFRESH_BEEP;

  const std::string_view written = line.substr(completion.start);
  std::string common = common_beginning(completion.candidates);
  const bool only_one = completion.candidates.size() == 1;
  if (only_one) common += ' ';
  if (common.size() > written.size()) {
    el_deletestr(editing, static_cast<int>(written.size()));
    el_insertstr(editing, common.c_str());
    return CC_REFRESH;
  }
  std::cout << '\n';
  for (const std::string& candidate : completion.candidates) std::cout << candidate << "  ";
  std::cout << '\n' << std::flush;
  return CC_REDISPLAY;
}

std::string history_file() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.postern_history";
}

void set_up(Terminal& terminal) {
  EditLine* editing = terminal.editing.get();
  HistEvent event{};
  history(terminal.history.get(), &event, H_SETSIZE, history_size);
  history(terminal.history.get(), &event, H_SETUNIQUE, 1);
  if (const std::string file = history_file(); !file.empty()) {
    history(terminal.history.get(), &event, H_LOAD, file.c_str());
  }
  el_set(editing, EL_CLIENTDATA, &terminal);
  el_set(editing, EL_PROMPT, &show_prompt);
  el_set(editing, EL_EDITOR, "emacs");
  el_set(editing, EL_HIST, history, terminal.history.get());
  el_set(editing, EL_ADDFN, "complete", "Complete a word", &on_tab);
  el_set(editing, EL_BIND, "^I", "complete", nullptr);
  el_set(editing, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editing, nullptr);
}

void remember(Terminal& terminal, std::string line) {
  while (line.ends_with('\n')) line.pop_back();
  HistEvent event{};
  history(terminal.history.get(), &event, H_ENTER, line.c_str());
  const std::string file = history_file();
  if (file.empty()) return;
  const mode_t before = ::umask(0077);  // Lines may name people.
  history(terminal.history.get(), &event, H_SAVE, file.c_str());
  ::umask(before);
}

/// What Ctrl-C does: it gives up the line that is being typed, and ends a cmdlet that runs, with
/// the shell. A handler that does nothing makes reading return.
void on_interrupt(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
}

/// A whole line, perhaps of several typed ones; nothing at the end of input.
std::optional<std::string> read_line(Terminal& terminal, const std::string& prompt) {
  std::string text;
  terminal.prompt = prompt;
  for (;;) {
    int count = 0;
    errno = 0;
    const char* typed = el_gets(terminal.editing.get(), &count);
    if ((typed == nullptr || count <= 0) && errno == EINTR) {
      std::cout << '\n';
      el_reset(terminal.editing.get());
      text.clear();
      terminal.prompt = prompt;
      continue;
    }
    if (typed == nullptr || count <= 0) return std::nullopt;
    text.append(typed, static_cast<std::size_t>(count));
    if (!admin::wants_more(text) || text.ends_with("\n\n")) return text;
    terminal.prompt = ">> ";
  }
}

bool confirm(const std::string& question) {
  std::cout << question << " [Y] Yes  [N] No (default is \"N\"): " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return iequals(trim(answer), "y") || iequals(trim(answer), "yes");
}

}  // namespace

std::size_t terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return admin::unlimited_width;
  }
  return size.ws_col;
}

void run_interactive(Shell& shell) {
  Terminal terminal;
  if (terminal.editing == nullptr || terminal.history == nullptr) {
    std::cerr << "The terminal cannot be used.\n";
    return;
  }
  set_up(terminal);
  shell.set_confirm(confirm);
  std::cout << "Postern. Get-Command lists the cmdlets, Get-Help NAME explains one, exit leaves.\n";
  while (!shell.wants_to_end()) {
    const std::string& organization = shell.organization();
    on_interrupt([](int) {});
    const auto line = read_line(terminal, organization.empty() ? "postern> " : organization + "> ");
    on_interrupt(SIG_DFL);
    if (!line) break;
    if (trim(*line) == "\n" || line->empty()) continue;
    remember(terminal, *line);
    shell.set_width(terminal_width());
    shell.run(*line);
  }
}

}  // namespace postern::ctl
