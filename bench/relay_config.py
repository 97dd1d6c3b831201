"""What posternd, NSD and rspamd are told in relay_world.py: templates for str.format, so that braces of
rspamd's own stand twice."""

POSTERN = '''\
[server]
hostname = "mx.contoso.test"
data_directory = "{data}"
[[listener]]
address = "127.0.0.1:{edge}"
proxy_protocol_from = ["127.0.0.0/8"]
[[listener]]
protocol = "milter"
address = "127.0.0.1:{milter}"
[dns]
servers = ["127.0.0.1:{dns}"]
[admin]
address = "127.0.0.1:{admin}"
[log]
level = "warning"
[delivery]
default = "smtp:127.0.0.1:{sink}"
'''

NSD = '''\
server:
  ip-address: 127.0.0.1@{dns}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/nsd.zonelist"
  xfrdfile: "{folder}/nsd.xfrd"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
'''

# SPF, DKIM, ARC, DMARC and Authentication-Results, which is what Postern does, and nothing more. It
# scans in the process that speaks milter, as its manual advises for small installations.
RSPAMD = '''\
lua = "{folder}/rules.lua";
lang_detection {{ enabled = false; }}
options {{
  pidfile = "{folder}/rspamd.pid"; cache_file = "{folder}/symbols.cache"; filters = "dkim"; local_addrs = "127.0.0.0/8";
  url_tld = "${{SHAREDIR}}/effective_tld_names.dat"; words_decay = 0; max_words = 10;
  dns {{ nameserver = ["127.0.0.1:{dns}:1"]; timeout = 2s; retransmits = 3; sockets = 16; }}
}}
logging {{ type = "console"; level = "warning"; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{rspamd}"; milter = yes; timeout = 120s; count = {cores};
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
worker "normal" {{ enabled = false; count = 0; }}
worker "controller" {{ enabled = false; count = 0; }}
actions {{ reject = 1000; add_header = 500; greylist = null; }}
metric {{ name = "default"; actions {{ reject = 1000; add_header = 500; }} }}
spf {{ spf_cache_size = 2k; spf_cache_expire = 1d; }}
dkim {{ dkim_cache_size = 2k; dkim_cache_expire = 1d; check_local = true; }}
arc {{ enabled = true; sign_local = false; sign_authenticated = false; sign_inbound = false; }}
dmarc {{ reporting {{ enabled = false; }} }}
milter_headers {{
  use = ["authentication-results"]; extended_spam_headers = false;
  routines {{ authentication-results {{ header = "Authentication-Results"; remove = 1; add_smtp_user = false; stop_chars = ";"; }} }}
}}
modules {{
  path = "${{PLUGINSDIR}}/spf.lua"; path = "${{PLUGINSDIR}}/dmarc.lua"; path = "${{PLUGINSDIR}}/arc.lua"; path = "${{PLUGINSDIR}}/milter_headers.lua";
}}
'''
RSPAMD_RULES = 'require "global_functions" ()\nconfig["regexp"] = {}\nrspamd_maps = {}\n'
