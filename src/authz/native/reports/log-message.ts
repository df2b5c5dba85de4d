/**
 * Reads messages of Envoy's access log service in place: of each entry what is looked at here, a tenth of what Envoy tells.
 * @see envoy/service/accesslog/v3/als.proto, envoy/data/accesslog/v3/accesslog.proto
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from '../../../gen/envoy/config/core/v3/base_pb.ts';
import { cursor, readLength, readTag, readVarint, skipField } from '../../wire/reader.ts';
import {
  decidedKey,
  foundKey,
  NETWORK_RBAC_METADATA,
  POLICY_PREFIX,
  RBAC_METADATA,
  REVOCATIONS_PREFIX,
} from '../names.ts';

/** What an entry says of a request or a connection; `''` where it says nothing. */
export interface LogEntry {
  readonly protocol: 'http' | 'tcp';
  /** The names of the actions that the filters came to, and whether that of the policy allowed. */
  revoked: string;
  decided: string;
  result: string;
  /** Of a connection: the name of the action of the filters' shadow. */
  found: string;
  /** Milliseconds since 1970. */
  at: number;
  /** What the certificates name: that of the caller, and that which the Envoy has shown. */
  readonly caller: Certificate;
  readonly own: Certificate;
  sni: string;
  /** The peer itself; undefined: not said. */
  peer: Socket | undefined;
  /** The client, by X-Forwarded-For where that is believed. */
  remote: Socket | undefined;
  local: Socket | undefined;
  /** A number of `envoy.config.core.v3.RequestMethod`. */
  method: number;
  host: string;
  path: string;
  requestId: string;
}

interface Certificate {
  readonly uris: string[];
  readonly dns: string[];
  subject: string;
}

interface Socket {
  address: string;
  port: number;
}

/** One message of a stream. */
export interface LogMessage {
  /** Undefined: not said; the first message of a stream says it. */
  node: Node | undefined;
  entries: LogEntry[];
}

/** Reads a `StreamAccessLogsMessage`. @throws malformedMessage */
export function readLogMessage(message: Uint8Array): LogMessage {
  const bytes = Buffer.isBuffer(message)
    ? message
    : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const into: LogMessage = { node: undefined, entries: [] };
  cursor.at = 0;
  readStream(bytes, bytes.length, into);
  return into;
}

/** Reads what lies between the cursor and the end. */
type Read<T> = (bytes: Buffer, end: number, into: T) => void;

const BYTES = 2;
const field = (number: number): number => number * 8 + BYTES;
const numberField = (number: number): number => number * 8;

/** A message whose fields are read as the table says by their tags; others are stepped over. */
function message<T>(table: Readonly<Record<number, Read<T>>>): Read<T> {
  const reads: (Read<T> | undefined)[] = [];
  for (const [tag, read] of Object.entries(table)) reads[Number(tag)] = read;
  return (bytes, end, into) => {
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      const read = reads[tag];
      if (read === undefined) skipField(bytes, end, tag);
      else if (tag % 8 !== BYTES) read(bytes, end, into);
      else {
        const stop = readLength(bytes, end);
        read(bytes, stop, into);
        cursor.at = stop;
      }
    }
  };
}

const textAt = (bytes: Buffer, end: number): string => bytes.toString('utf8', cursor.at, end);

const text =
  (key: 'host' | 'path' | 'requestId' | 'sni'): Read<LogEntry> =>
  (bytes, end, into) => {
    into[key] = textAt(bytes, end);
  };

const readSocket = message<Socket>({
  [field(2)]: (bytes, end, into) => {
    into.address = textAt(bytes, end);
  },
  [numberField(3)]: (bytes, end, into) => {
    into.port = readVarint(bytes, end);
  },
});

const readAddress = message<Socket>({ [field(1)]: readSocket });

/** A pipe is an address too, without a port. */
const socket =
  (key: 'peer' | 'remote' | 'local'): Read<LogEntry> =>
  (bytes, end, into) => {
    into[key] ??= { address: '', port: 0 };
    readAddress(bytes, end, into[key]);
  };

const readCertificate = message<Certificate>({
  [field(1)]: message({
    [field(1)]: (bytes, end, { uris }) => {
      uris.push(textAt(bytes, end));
    },
    [field(2)]: (bytes, end, { dns }) => {
      dns.push(textAt(bytes, end));
    },
  }),
  [field(2)]: (bytes, end, into) => {
    into.subject = textAt(bytes, end);
  },
});

const certificate =
  (whose: 'caller' | 'own'): Read<LogEntry> =>
  (bytes, end, into) =>
    readCertificate(bytes, end, into[whose]);

const timestamp = message<LogEntry>({
  [numberField(1)]: (bytes, end, into) => {
    into.at += readVarint(bytes, end) * 1_000; // until 2106
  },
  [numberField(2)]: (bytes, end, into) => {
    into.at += readVarint(bytes, end) / 1e6;
  },
});

/** The metadata that are looked at: of which filter, under which key, and what they are here. */
const looked = [
  [RBAC_METADATA, decidedKey(REVOCATIONS_PREFIX), 'revoked'],
  [RBAC_METADATA, decidedKey(POLICY_PREFIX), 'decided'],
  [RBAC_METADATA, `${POLICY_PREFIX}enforced_engine_result`, 'result'],
  [NETWORK_RBAC_METADATA, foundKey(POLICY_PREFIX), 'found'],
] as const;

type Looked = (typeof looked)[number][2];

const byFilter = new Map<string, Map<string, Looked>>();
for (const [filter, key, is] of looked) byFilter.set(filter, new Map([...(byFilter.get(filter) ?? []), [key, is]]));

interface MapEntry {
  key: string;
  /** Where the value lies; begins at -1 if there is none. */
  begin: number;
  end: number;
}

const readMapEntry = message<MapEntry>({
  [field(1)]: (bytes, end, into) => {
    into.key = textAt(bytes, end);
  },
  [field(2)]: (_, end, into) => {
    into.begin = cursor.at;
    into.end = end;
  },
});

function mapEntry(bytes: Buffer, end: number): MapEntry {
  const into = { key: '', begin: -1, end: -1 };
  readMapEntry(bytes, end, into);
  if (into.begin >= 0) cursor.at = into.begin;
  return into;
}

interface Value {
  text: string;
}

const readValue = message<Value>({
  [field(3)]: (bytes, end, into) => {
    into.text = textAt(bytes, end);
  },
});

interface Filter {
  readonly keys: ReadonlyMap<string, Looked>;
  readonly entry: LogEntry;
}

const readStruct = message<Filter>({
  [field(1)]: (bytes, end, { keys, entry }) => {
    const { key, begin, end: stop } = mapEntry(bytes, end);
    const is = keys.get(key);
    if (is === undefined) return;
    const value = { text: '' };
    if (begin >= 0) readValue(bytes, stop, value);
    entry[is] = value.text;
  },
});

const metadata = message<LogEntry>({
  [field(1)]: (bytes, end, entry) => {
    const { key, begin, end: stop } = mapEntry(bytes, end);
    const keys = byFilter.get(key);
    if (keys !== undefined && begin >= 0) readStruct(bytes, stop, { keys, entry });
  },
});

const common = message<LogEntry>({
  [field(2)]: socket('remote'),
  [field(3)]: socket('local'),
  [field(4)]: message({ [field(3)]: text('sni'), [field(4)]: certificate('own'), [field(5)]: certificate('caller') }),
  [field(5)]: timestamp,
  [field(17)]: metadata,
  [field(20)]: socket('peer'),
});

const httpRequest = message<LogEntry>({
  [numberField(1)]: (bytes, end, into) => {
    into.method = readVarint(bytes, end);
  },
  [field(3)]: text('host'),
  [field(5)]: text('path'),
  [field(9)]: text('requestId'),
});

const readEntry = {
  http: message<LogEntry>({ [field(1)]: common, [field(3)]: httpRequest }),
  tcp: message<LogEntry>({ [field(1)]: common }),
};

const entries = (protocol: 'http' | 'tcp'): Read<LogMessage> =>
  message({
    [field(1)]: (bytes, end, into) => {
      const entry: LogEntry = {
        ...{ protocol, revoked: '', decided: '', result: '', found: '', at: 0, sni: '' },
        ...{ caller: { uris: [], dns: [], subject: '' }, own: { uris: [], dns: [], subject: '' } },
        ...{ peer: undefined, remote: undefined, local: undefined, method: 0, host: '', path: '', requestId: '' },
      };
      readEntry[protocol](bytes, end, entry);
      into.entries.push(entry);
    },
  });

/** Once a stream: its labels are a JSON object. */
const identifier = message<LogMessage>({
  [field(1)]: (bytes, end, into) => {
    into.node = fromBinary(NodeSchema, bytes.subarray(cursor.at, end));
  },
});

const readStream = message<LogMessage>({
  [field(1)]: identifier,
  [field(2)]: entries('http'),
  [field(3)]: entries('tcp'),
});
