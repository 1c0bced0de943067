import type { RemoteInfo } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { compareRecords, decodeMessage, DNS_TYPE, encodeMessage, type DnsRecord, type Question } from "./dns-message.ts";
import { gatewayService, type GatewayService, type NameTries, type ServiceFacts } from "./gateway-service.ts";
import { MDNS_PORT, networksHere, openGroup, tellableAddresses, type Group, type MulticastOptions } from "./multicast.ts";

export interface Advertisement extends AsyncDisposable {
  /** Under the names that were free. */
  readonly service: GatewayService;
  /** The addresses it is advertised under. */
  readonly addresses: readonly string[];
}

export interface AdvertiseOptions extends MulticastOptions {
  readonly facts: ServiceFacts;
  readonly clock: Clock;
  /** Somebody else turned out to have a name of ours while it was advertised. */
  readonly onRenamed?: ((service: GatewayService) => void) | undefined;
}

/** RFC 6762, 8.1 to 8.3: three questions whether the names are free, then twice that they are ours, and again after a minute. */
const PROBES = 3;
const PROBE_MS = 250;
const YIELD_MS = 1_000;
const SECOND_MS = 1_000;
const REPEAT_MS = 60_000;
const NAMES_MAX = 15;
/** Of answers to somebody who asks from a port of its own (RFC 6762, 6.7): it keeps no cache. */
const LEGACY_TTL_SECONDS = 10;

/**
 * Asks whether its names are free, takes others where they are not, announces and answers until disposed; then it takes back what it
 * said. Rejects when the port cannot be had, or no name is free.
 */
export async function advertiseGateway(options: AdvertiseOptions, signal: AbortSignal): Promise<Advertisement> {
  const advertiser = new Advertiser(options);
  try {
    await advertiser.open(signal);
  } catch (error) {
    await advertiser[Symbol.asyncDispose]();
    throw error;
  }
  return advertiser;
}

/** What came between two probes. */
interface Trouble {
  /** Names that are somebody else's. */
  readonly taken: Set<keyof NameTries>;
  /** Somebody asks for the same names at this moment, and goes before us. */
  yields: boolean;
}

class Advertiser implements Advertisement {
  readonly addresses: readonly string[];
  service: GatewayService;
  readonly #options: AdvertiseOptions;
  readonly #closing = new AbortController();
  /** An address of this machine under our host's name is no conflict: another responder here may tell it too. */
  readonly #own: readonly string[];
  #group: Group | undefined;
  #records: readonly DnsRecord[];
  #tries: NameTries = { instance: 1, host: 1 };
  #trouble: Trouble | undefined;
  #disturbed = Promise.withResolvers<void>();
  #timer: { close(): void } | undefined;
  #isTold = false;
  #renaming: Promise<void> | undefined;

  constructor(options: AdvertiseOptions) {
    this.#options = options;
    const networks = options.networks ?? networksHere();
    this.addresses = tellableAddresses(networks);
    this.#own = [...networks.flatMap(({ addresses }) => addresses),
      ...Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).map(({ address }) => address))];
    this.service = gatewayService(options.facts);
    this.#records = this.service.records(this.addresses);
  }

  async open(signal: AbortSignal): Promise<void> {
    const { port = MDNS_PORT, networks = networksHere() } = this.#options;
    this.#group = await openGroup(networks, port, (bytes, from) => this.#hear(bytes, from, port));
    await this.#settle(AbortSignal.any([signal, this.#closing.signal]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.close();
    this.#closing.abort(new Error("closed"));
    await this.#renaming;
    if (this.#isTold) await this.#announce(this.service.records(this.addresses, 0));
    await this.#group?.close();
  }

  /** Until the names are free: then they are announced. */
  async #settle(signal: AbortSignal): Promise<void> {
    for (let names = 1; names <= NAMES_MAX; ) {
      const { taken, yields } = await this.#probe(signal);
      if (taken.size === 0 && !yields) return this.#tell();
      if (yields && taken.size === 0) await this.#options.clock.wait(YIELD_MS, signal);
      else names += 1;
      for (const what of taken) this.#tries = { ...this.#tries, [what]: this.#tries[what] + 1 };
      this.service = gatewayService(this.#options.facts, this.#tries);
      this.#records = this.service.records(this.addresses);
    }
    const { displayName } = this.#options.facts;
    throw new UsageError(`Others on this network have ${NAMES_MAX} names like "${displayName}".`, "Say another: --name");
  }

  /**
   * Answers are asked for from everybody, not to us alone: where another responder shares the port on this machine, what is sent to
   * one of us reaches either.
   */
  async #probe(signal: AbortSignal): Promise<Trouble> {
    const trouble = (this.#trouble = { taken: new Set(), yields: false });
    const unique = this.#records.filter((record) => record.unique === true);
    const questions = [...new Set(unique.map(({ name }) => name))].map((name) => ({ name, type: DNS_TYPE.ANY, unicast: false }));
    const bytes = encodeMessage({ id: 0, isResponse: false, questions, records: [], proposed: unique });
    this.#disturbed = Promise.withResolvers();
    for (let probe = 0; probe < PROBES && trouble.taken.size === 0 && !trouble.yields; probe += 1) {
      await this.#group?.say(bytes);
      const pause = new AbortController();
      const whole = AbortSignal.any([signal, pause.signal]);
      await Promise.race([this.#disturbed.promise, this.#options.clock.wait(PROBE_MS, whole).catch(() => undefined)]);
      pause.abort();
      signal.throwIfAborted();
    }
    this.#trouble = undefined;
    return trouble;
  }

  async #tell(): Promise<void> {
    const { clock } = this.#options;
    this.#isTold = true;
    await this.#announce(this.#records);
    const again = (): void => {
      void this.#announce(this.#records);
      this.#timer = clock.after(REPEAT_MS, again);
    };
    this.#timer = clock.after(SECOND_MS, again);
  }

  async #announce(records: readonly DnsRecord[]): Promise<void> {
    await this.#group?.say(encodeMessage({ id: 0, isResponse: true, questions: [], records }));
  }

  #hear(bytes: Buffer, from: RemoteInfo, port: number): void {
    const message = decodeMessage(bytes);
    if (message === undefined || this.#closing.signal.aborted) return;
    if (message.isResponse) return this.#heed(message.records);
    if (this.#trouble !== undefined) {
      if (this.#goesBefore(message.proposed ?? [])) {
        this.#trouble.yields = true;
        this.#disturbed.resolve();
      }
    } else if (this.#isTold) this.#answer(message.questions, message.id, from, port);
  }

  /** Does somebody else say that a name of ours is theirs? */
  #heed(records: readonly DnsRecord[]): void {
    const taken = new Set<keyof NameTries>();
    for (const record of records) {
      if (record.ttlSeconds === 0) continue;
      const name = record.name.toLowerCase();
      const { data } = record;
      if (name === this.service.instance.toLowerCase() && (data.type === "SRV" || data.type === "TXT") && !this.#isOurs(record)) {
        taken.add("instance");
      }
      if (name === this.service.host.toLowerCase() && "address" in data && !this.#own.includes(data.address)) taken.add("host");
    }
    if (taken.size === 0) return;
    if (this.#trouble !== undefined) {
      for (const what of taken) this.#trouble.taken.add(what);
      this.#disturbed.resolve();
    } else if (this.#isTold) this.#renaming ??= this.#rename().finally(() => (this.#renaming = undefined));
  }

  /** A name that was ours is somebody else's too: whoever can keep it defends it, so it is asked for again. */
  async #rename(): Promise<void> {
    this.#timer?.close();
    this.#isTold = false;
    const before = this.service;
    await this.#settle(this.#closing.signal).catch(() => undefined);
    if (this.#isTold && (this.service.instance !== before.instance || this.service.host !== before.host)) {
      this.#options.onRenamed?.(this.service);
    }
  }

  #isOurs(record: DnsRecord): boolean {
    return this.#records.some((own) => own.name.toLowerCase() === record.name.toLowerCase() && compareRecords([own], [record]) === 0);
  }

  /** RFC 6762, 8.2: of two who ask at once the one with the later records goes first; our own question comes back and is neither. */
  #goesBefore(proposed: readonly DnsRecord[]): boolean {
    return [this.service.instance, this.service.host].some((name) => {
      const of = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
        records.filter((record) => record.name.toLowerCase() === name.toLowerCase());
      const theirs = of(proposed);
      return theirs.length > 0 && compareRecords(theirs, of(this.#records.filter(({ unique }) => unique === true))) > 0;
    });
  }

  #answer(questions: readonly Question[], id: number, from: RemoteInfo, port: number): void {
    const records = this.#records;
    const wanted = questions.flatMap((question) => records.filter((record) => isAsked(question, record)));
    if (wanted.length === 0) return;
    const isLegacy = from.port !== port;
    const whole = [...new Set([...wanted, ...companions(wanted, records)])];
    const shown = isLegacy ? whole.map(
      (record) => ({ ...record, unique: false, ttlSeconds: Math.min(record.ttlSeconds, LEGACY_TTL_SECONDS) }),
    ) : whole;
    const reply = encodeMessage({ id: isLegacy ? id : 0, isResponse: true, questions: isLegacy ? questions : [], records: shown });
    const isForOne = isLegacy || questions.every(({ unicast }) => unicast);
    void (isForOne ? this.#group?.reply(reply, from) : this.#group?.say(reply));
  }
}

function isAsked({ name, type }: Question, record: DnsRecord): boolean {
  return name.toLowerCase() === record.name.toLowerCase() && (type === DNS_TYPE.ANY || type === DNS_TYPE[record.data.type]);
}

/** What an asker would ask next: whoever gets the service's name gets where it is, too. */
function companions(wanted: readonly DnsRecord[], records: readonly DnsRecord[]): readonly DnsRecord[] {
  const targets = new Set(wanted.flatMap(({ data }) => ("target" in data ? [data.target] : [])));
  const found = records.filter(({ name }) => targets.has(name));
  return found.length === 0 || found.every((record) => wanted.includes(record)) ? found : [...found, ...companions(found, records)];
}
