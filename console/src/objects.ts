// What the cmdlets return, as far as the console reads it. A property with a question mark is one that
// not every posternd has; the pages say so where it is missing.

export interface Organization {
  Name: string;
  AcceptedDomains: number;
  Recipients: number;
  InboundConnectors: number;
}

export interface OrganizationConfig {
  Name: string;
  RejectDirectSend: boolean;
  RejectDirectSendCheckHeaderFrom: boolean;
  RejectDirectSendAllowAuthenticated: boolean;
  RejectDirectSendMode?: 'Enforce' | 'Audit';
  RejectDirectSendPilotRecipients?: string[];
  RejectDirectSendPercentage?: number;
  RejectDirectSendEffectiveFrom?: string | null;
  RejectDirectSendReturnToAuditAbove?: number;
  GatewayInFront: boolean;
}

/** What a source is thought to be, in a word; its Judgement is the sentence. */
export type Kind = 'Vouched' | 'Yours' | 'Forwarder' | 'Unclear' | 'Spoof';

export interface SourceRow {
  Source: string;
  PtrDomain: string;
  Senders: string[] | string;
  SenderCount: number;
  Count: number;
  WouldBeRefused: number;
  Refused?: number;
  FirstSeen: string;
  LastSeen: string;
  Days: number;
  Recipients: number;
  SelfToSelf: number;
  SpfPass: number;
  DkimPass: number;
  DmarcPass: number;
  CompAuthPass: number;
  Kind: Kind;
  Judgement: string;
  Remedy: string;
  SpfDomain: string;
  SpfTerm: string;
  Note: string;
  Samples?: string[];
}

export interface PartyRow {
  Sender?: string;
  Recipient?: string;
  Count: number;
  WouldBeRefused: number;
  Refused: number;
  /** Some of them. */
  Sources: string[];
  FirstSeen: string;
  LastSeen: string;
}

export interface TimeRow extends Record<Kind, number> {
  Time: string;
  Count: number;
  WouldBeRefused: number;
  Refused: number;
}

export interface SpfTerm {
  Domain: string;
  Term: string;
  Status: 'Seen' | 'NeverSeen' | 'Missing';
  Count: number;
  LastSeen: string | null;
  Sources: string[];
  Suggestion: string;
}

export interface WhatIfRow {
  Source: string;
  PtrDomain: string;
  Count: number;
  RefusedNow: number;
  RefusedThen: number;
  NewlyRefused: number;
  NewlyAccepted: number;
  Kind: Kind;
  Judgement: string;
  Remedy: string;
}

export interface Connector {
  Name: string;
  Guid: string;
  Enabled: boolean;
  ConnectorType: 'Partner' | 'OnPremises';
  Comment: string;
  SenderDomains: string[];
  SenderIPAddresses: string[];
  TlsSenderCertificateName: string;
  RequireTls: boolean;
  RestrictDomainsToIPAddresses: boolean;
  RestrictDomainsToCertificate: boolean;
  WhenChangedUTC: string;
}

export interface Finding {
  /** The connector's name. */
  Identity: string;
  Severity: string;
  Finding: string;
  Remedy: string;
}

export interface DirectSendException {
  Name: string;
  SenderIPAddresses: string[];
  SenderCertificateName: string;
  Senders: string[];
  Recipients: string[];
  ExpiresOn: string | null;
  Reason: string;
}

export interface TraceRow {
  MessageTraceId: string;
  Received: string;
  SenderAddress: string;
  RecipientAddress: string;
  Subject: string;
  Status: string;
  FromIP: string;
  Ptr: string;
  Helo: string;
  Author: string;
  Decision: string;
  Reply: string;
  Reason: string[];
  DirectSend: boolean;
  Connector: string;
  NearestMiss: string;
  Spf: string;
  Dkim: string;
  Dmarc: string;
  CompAuth: string;
  Size: number;
}

export interface TraceStep {
  Date: string;
  Event: string;
  Action: string;
  Detail: string;
  RecipientAddress: string;
}

export interface Verdict {
  RecipientAddress: string;
  Changed: boolean;
  Decision: string;
  NewDecision: string;
  Action: string;
  NewAction: string;
  Reply: string;
  NewReply: string;
}

export interface SpoofPair {
  SpoofedUser: string;
  SendingInfrastructure: string;
  MessageCount: number;
  LastSeen: string;
  SpoofType: 'Internal' | 'External';
  Action: 'Allowed' | 'Blocked';
  WhatIf: boolean;
}

export interface SpoofItem {
  Identity: string;
  SpoofedUser: string;
  SendingInfrastructure: string;
  SpoofType: 'Internal' | 'External';
  Action: 'Allow' | 'Block';
  ExpirationDate?: string | null;
}

export interface QuarantineRow {
  Identity: string;
  ReceivedTime: string;
  SenderAddress: string;
  RecipientAddress: string;
  Subject: string;
  Author: string;
  Size: number;
  Type: string;
  Reason: string;
  ReleaseStatus: string;
  MessageTraceId: string;
}

export interface Preview {
  From: string;
  To: string;
  Cc: string;
  Subject: string;
  Attachments: string[];
  IsHtml: boolean;
  Body: string;
}

export interface AuditEntry {
  RunDate: string;
  Caller: string;
  CmdletName: string;
  ObjectModified: string;
  ModifiedProperties: { Name: string; OldValue: unknown; NewValue: unknown }[] | null;
  CmdletParameters: Record<string, unknown> | null;
  Succeeded: boolean;
  Error: string | null;
}
