"""A posternd whose milter listener an MTA asks; it calls itself what the case files and the MTAs of these tests do."""
from postern import Postern, free_port


class MilterPostern(Postern):
    def __init__(self, folder, certificates, **tables):
        super().__init__(folder, certificates, server={'hostname': 'mx.contoso.com', 'threads': 2}, **tables)
        self.milter = (self.address, free_port(self.address))
        self.tables['listener'].append({'protocol': 'milter', 'address': '%s:%d' % self.milter})
        self.write_config()
