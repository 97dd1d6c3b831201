// The dialog that makes a connector: filled from a remedy of the report, or empty.
import { useState } from 'preact/hooks';
import type { Parameters } from '../api';
import { useChange } from '../state';
import { cmdletLine, lines, readRemedy } from '../text';
import { Dialog, Field, Note, Shell } from './basics';

interface MakeConnectorProps {
  /** `New-InboundConnector …`; empty: nothing is filled in. */
  remedy?: string;
  note?: string;
  onDone: () => void;
  onClose: () => void;
}

const textOf = (value: unknown) => (Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : '');

export function MakeConnector({ remedy = '', note, onDone, onClose }: MakeConnectorProps) {
  const change = useChange();
  const given = readRemedy(remedy) ?? {};
  const [name, setName] = useState(textOf(given['Name']));
  const [type, setType] = useState(textOf(given['ConnectorType']) || 'Partner');
  const [addresses, setAddresses] = useState(textOf(given['SenderIPAddresses']));
  const [certificate, setCertificate] = useState(textOf(given['TlsSenderCertificateName']));
  const [domains, setDomains] = useState(textOf(given['SenderDomains']) || '*');
  const [needsTls, setNeedsTls] = useState(given['RequireTls'] !== false);

  const parameters: Parameters = {
    Name: name,
    ConnectorType: type,
    SenderDomains: lines(domains),
    ...(addresses.trim() ? { SenderIPAddresses: lines(addresses) } : {}),
    ...(certificate.trim() ? { TlsSenderCertificateName: certificate.trim() } : {}),
    RequireTls: needsTls,
  };
  const make = async () => {
    const isMade = await change('New-InboundConnector', parameters, `The connector ${name} vouches for its clients from now on.`);
    if (isMade) onDone();
    return isMade;
  };

  return (
    <Dialog title="Make a connector" action="Make connector" onDo={make} onClose={onClose}>
      <p>Whoever sends from these addresses, or with this certificate, is trusted to write as your domains.</p>
      {note && <Note tone="warn">{note}</Note>}
      <Field label="Name">
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Field label="Type">
        <select value={type} onChange={(event) => setType(event.currentTarget.value)}>
          <option value="Partner">Partner: somebody or something outside</option>
          <option value="OnPremises">OnPremises: own servers, which may send on to the internet</option>
        </select>
      </Field>
      <Field label="Addresses" hint="IPv4, IPv6 or prefixes, separated by commas">
        <input value={addresses} onInput={(event) => setAddresses(event.currentTarget.value)} />
      </Field>
      <Field label="Certificate name" hint="mail.vendor.example or *.vendor.example">
        <input value={certificate} onInput={(event) => setCertificate(event.currentTarget.value)} />
      </Field>
      <Field label="Sender domains" hint="* for all">
        <input required value={domains} onInput={(event) => setDomains(event.currentTarget.value)} />
      </Field>
      <label class="check">
        <input type="checkbox" checked={needsTls} onChange={(event) => setNeedsTls(event.currentTarget.checked)} />
        Require TLS
      </label>
      <Shell line={cmdletLine('New-InboundConnector', parameters)} />
    </Dialog>
  );
}
