/**
 * What polices calls, without sockets: admission, reservation, intent, attempt, meter, settlement, counters and journal
 * as the pipeline has them, on a clock that is set by hand and a disk in memory. The vendor is played by whoever drives it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entity } from '../../lib/contract/entities.ts'
import type { Pricing } from '../../lib/contract/price.ts'
import { type Call, openCall, type Surroundings } from '../call.ts'
import { parseChatRequest } from '../dialects/openai-chat-request.ts'
import { GatewayError } from '../gateway-error.ts'
import { openJournal } from '../journal/journal.ts'
import type { Journal } from '../journal/journal-options.ts'
import { memoryFs } from '../journal/journal-testing.ts'
import { createCounterLedger } from '../limits/counter-ledger.ts'
import { type Counters, createCounters } from '../limits/counters.ts'
import { createPolicing } from '../limits/policing.ts'
import { DEFAULT_LIMITS } from '../listener-limits.ts'
import { createBalancer } from '../routing/balancer.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Policy } from '../snapshot/policy-index.ts'
import { admit, leave } from '../stages/admit.ts'
import type { Attempt } from '../stages/attempt.ts'
import { prepareAttempt } from '../stages/dispatch.ts'
import { correctHold } from '../stages/hold.ts'
import { meterAttempt } from '../stages/meter.ts'
import { type Reservation, reserve } from '../stages/reserve.ts'
import { settle } from '../stages/settle.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { memoryConfiguration, sha256, TEST_SECRET, testProvider, testRoute } from './memory-configuration.ts'

type ProviderLimits = Extract<Entity, { type: 'provider' }>['limits']

export interface EngineSettings {
  readonly policies: readonly Policy[]
  readonly pricing: Pricing
  /** Of the one vendor, `provider_a`; its model is `gpt-fake`. */
  readonly vendorAllows: ProviderLimits
}

export interface Asked {
  readonly promptBytes: number
  readonly maxTokens: number
  readonly stream: boolean
}

/** A call with one attempt at the vendor. */
export interface Underway {
  readonly call: Call
  readonly target: CompiledTarget
  attempt: Attempt
  reservation: Reservation
  index: number
}

/** What a planted mistake does to the counters: each member of theirs that it names is replaced. */
export type Mistake = (counters: Counters) => Partial<Counters>

export class PolicedEngine {
  readonly fs = memoryFs()
  readonly #mistake: Mistake
  #now: number
  #monotonic = 1_000
  #settings: EngineSettings
  #configuration: ReturnType<typeof memoryConfiguration>
  counters!: Counters
  journal!: Journal
  #around!: Surroundings

  constructor(settings: EngineSettings, startMs: number, mistake: Mistake = () => ({})) {
    this.#mistake = mistake
    this.#now = startMs
    this.#settings = settings
    this.#configuration = configurationOf(settings)
    this.#open()
  }

  get now(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }

  configure(settings: Partial<EngineSettings>): void {
    this.#settings = { ...this.#settings, ...settings }
    this.#configuration = configurationOf(this.#settings)
  }

  /** SIGKILL and a new process: only what the operating system has is left. */
  crash(): void {
    this.#monotonic = 1_000
    this.#open()
  }

  async restart(): Promise<void> {
    await this.journal.close()
    this.crash()
  }

  /** What the caller reads when it is refused. */
  async begin(asked: Asked): Promise<Underway | GatewayError> {
    const call = this.#callOf(bodyOf(asked))
    try {
      admit(call)
      return await this.#attempt(call, 0)
    } catch (error) {
      leave(call)
      if (error instanceof GatewayError) return error
      throw error
    }
  }

  /** A further attempt of the same call; the first is over. */
  async retry(underway: Underway): Promise<GatewayError | null> {
    try {
      Object.assign(underway, await this.#attempt(underway.call, underway.index + 1))
      return null
    } catch (error) {
      if (error instanceof GatewayError) return error
      throw error
    }
  }

  /** Of a process that dies between reserving and writing its intent. */
  async reserveOnly(asked: Asked): Promise<void> {
    const call = this.#callOf(bodyOf(asked))
    await Promise.resolve(reserve(call, targetOf(call), 0)).catch(() => {})
  }

  /** The attempt is over, in whatever way: its usage becomes known. */
  meter({ call, target, attempt, index, reservation }: Underway): bigint {
    if (!call.configuration) throw new Error('a call without a configuration')
    const { record, lines } = meterAttempt({
      configuration: call.configuration,
      target,
      attempt,
      index,
      at: call.at,
      startedAt: call.at,
      estimatedInputTokens: call.chat?.estimatedInputTokens ?? 0,
      requestedServiceTier: null,
      most: reservation.most,
    })
    call.attempts.push(record)
    call.lines.push(...lines)
    correctHold(call, target, reservation, record)
    return BigInt(record.costPicoUsd ?? 0)
  }

  async settle({ call }: Underway): Promise<void> {
    await settle(call, 200, null)
    leave(call)
  }

  #open(): void {
    const clock = { now: () => this.#now, monotonic: () => this.#monotonic }
    const counters = createCounters(clock)
    this.counters = { ...counters, ...this.#mistake(counters) }
    this.journal = openJournal({
      directory: 'journal',
      fs: this.fs,
      clock,
      log: () => {},
      sync: 'group',
      counters: createCounterLedger(this.counters),
      limits: { segmentBytes: 6_000 },
    })
    const readiness = { isReady: () => true, version: 0, whenReady: async () => true }
    this.#around = {
      configuration: () => this.#configuration,
      waitsFor: () => null,
      books: this.journal,
      clock,
      upstream: NOWHERE,
      report: (problem, error) => {
        throw new Error(problem, { cause: error })
      },
      limits: DEFAULT_LIMITS,
      balancer: createBalancer(clock),
      policing: createPolicing(this.counters, readiness),
      callBegan: () => {},
      callEnded: () => {},
    }
  }

  #callOf(body: string): Call {
    const call = openCall(this.#around, REQUEST, RESPONSE)
    const owner = this.#configuration.keyByHash(sha256(TEST_SECRET))
    const route = this.#configuration.routeByName('chat')
    if (!owner || !route) throw new Error('an engine without a route')
    Object.assign(call, { owner, route, chat: parseChatRequest(Buffer.from(body)) })
    call.subjects = {
      ...call.subjects,
      teamId: owner.team.id,
      consumerId: owner.consumer.id,
      keyId: owner.key.id,
      routeId: route.route.id,
    }
    return call
  }

  async #attempt(call: Call, index: number): Promise<Underway> {
    const target = targetOf(call)
    const reservation = await reserve(call, target, 0)
    if ('unfit' in reservation) throw reservation.unfit
    const { attempt, upstream, request } = prepareAttempt(call, {
      target,
      wanted: target,
      index,
      reservation,
      credential: 0,
      mayBeLeft: false,
    })
    if (!(await this.journal.written())) throw new Error('the journal took no intent')
    attempt.start(upstream, request)
    return { call, target, attempt, reservation, index }
  }
}

function bodyOf({ promptBytes, maxTokens, stream }: Asked): string {
  const messages = [{ role: 'user', content: 'x'.repeat(promptBytes) }]
  return JSON.stringify({ model: 'chat', max_completion_tokens: maxTokens, stream, messages })
}

const REQUEST = { headers: {} } as IncomingMessage
const RESPONSE = { on: () => {} } as unknown as ServerResponse

const NOWHERE: Upstream = {
  dispatch: () => ({ sent: true, pause: () => {}, resume: () => {}, abort: () => {} }),
  close: async () => {},
}

function targetOf({ route }: Call): CompiledTarget {
  const target = route?.targets[0]
  if (!target) throw new Error('a route without a target')
  return target
}

function configurationOf({ policies, pricing, vendorAllows }: EngineSettings) {
  return memoryConfiguration({
    policies,
    prices: { 'gpt-fake': pricing },
    providers: [testProvider({ id: 'provider_a', baseUrl: 'http://127.0.0.1:1/v1', limits: vendorAllows })],
    routes: [testRoute({ name: 'chat', targets: [{ providerId: 'provider_a', model: 'gpt-fake' }] })],
  })
}
