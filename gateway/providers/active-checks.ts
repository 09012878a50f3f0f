/**
 * Looks after servers of one's own where their provider asks for it (`options.healthCheck`): a server that dies while no
 * call is under way is out before the next one comes. It goes by the same connector and credentials as calls do; nothing
 * of it is in the books, and nothing that it hears is held against a credential.
 */
import type { LeaseRenewal } from '../../lib/contract/control.ts'
import { MAX_CHECKS } from '../../lib/contract/control.ts'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import { type HealthCheck, healthCheckOf } from '../../lib/contract/health-check.ts'
import type { Clock } from '../clock.ts'
import type { Balancer } from '../routing/balancer.ts'
import type { Log } from '../telemetry/log.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { askProvider, type ProviderAnswer } from './ask.ts'
import { endpointOf } from './endpoint.ts'

/** Failures in a row that take a provider's targets out. */
const FAILURES = 3
const MAX_TIMEOUT_MS = 5_000
/** The first check of a provider, at random within it: a start must not ask all at once. */
const FIRST_WITHIN_MS = 1_000
const MAX_MESSAGE = 500

type Told = NonNullable<LeaseRenewal['checks']>[number]

export interface ActiveChecks {
  /** Checks those that the configuration asks for, and no others. */
  follow(configuration: { checkedProviders(): Iterable<ProviderEntity> }): void
  /** The last check of each, those that failed first, and no more than a lease may hold. */
  report(): Told[]
  stop(): void
}

export interface ActiveCheckOptions {
  readonly upstream: Upstream
  readonly balancer: Balancer
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

export function startActiveChecks(options: ActiveCheckOptions): ActiveChecks {
  const watched = new Map<string, WatchedServer>()
  const drop = (id: string, server: WatchedServer) => {
    server.stop()
    watched.delete(id)
    options.balancer.setDown(id, null)
  }
  return {
    follow(configuration) {
      const wanted = new Map([...configuration.checkedProviders()].map((provider) => [provider.id, provider]))
      for (const [id, server] of watched) if (!wanted.has(id)) drop(id, server)
      for (const [id, provider] of wanted) {
        const server = watched.get(id)
        if (server) server.become(provider)
        else watched.set(id, new WatchedServer(provider, options))
      }
    },
    report() {
      const last = [...watched.values()].flatMap(({ last }) => last ?? [])
      return last.sort((a, b) => Number(a.ok) - Number(b.ok)).slice(0, MAX_CHECKS)
    },
    stop() {
      for (const [id, server] of watched) drop(id, server)
    },
  }
}

class WatchedServer {
  last: Told | null = null
  readonly #options: ActiveCheckOptions
  #provider: ProviderEntity
  #failures = 0
  #timer: NodeJS.Timeout | null = null

  constructor(provider: ProviderEntity, options: ActiveCheckOptions) {
    this.#provider = provider
    this.#options = options
    this.#checkSoon()
  }

  /** What is under way is of the provider as it was, and says nothing any more. */
  become(provider: ProviderEntity): void {
    if (provider === this.#provider) return
    this.#provider = provider
    this.#checkSoon()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #checkSoon(): void {
    this.stop()
    this.#checkIn(FIRST_WITHIN_MS * this.#options.random())
  }

  #checkIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#check(), ms)
    this.#timer.unref()
  }

  async #check(): Promise<void> {
    const [provider, turn] = [this.#provider, this.#timer]
    const check = healthCheckOf(provider)
    if (!check) return
    const told = await look(provider, check, this.#options)
    if (turn !== this.#timer) return
    this.#learn(told)
    this.last = { ...told, isDown: this.#failures >= FAILURES }
    this.#checkIn(check.intervalSeconds * 1_000 * (0.9 + 0.2 * this.#options.random()))
  }

  #learn({ ok, message }: Told): void {
    const { balancer, log } = this.#options
    const { id, name } = this.#provider
    const before = this.#failures
    this.#failures = ok ? 0 : before + 1
    if (this.#failures >= FAILURES) balancer.setDown(id, message)
    else if (ok && before >= FAILURES) balancer.setDown(id, null)
    if (this.#failures === FAILURES) log('warn', 'provider.down', { provider: name, message })
    else if (ok && before >= FAILURES) log('info', 'provider.back', { provider: name })
  }
}

async function look(
  provider: ProviderEntity,
  { path, intervalSeconds }: HealthCheck,
  { upstream, balancer, clock }: ActiveCheckOptions,
): Promise<Told> {
  const startedAt = clock.monotonic()
  const deadline = startedAt + Math.min(MAX_TIMEOUT_MS, intervalSeconds * 1_000)
  const endpoint = endpointOf(provider, clock)
  const credential = balancer.credentials(provider).firstReady(startedAt)
  const answer =
    endpoint &&
    (await askProvider({ endpoint, upstream, clock, deadline, credential, method: 'GET', path, body: null }))
  return {
    providerId: provider.id,
    ok: isAlive(answer?.status ?? null),
    atMs: clock.now(),
    latencyMs: Math.max(0, Math.round(clock.monotonic() - startedAt)),
    message: wordsOf(answer).slice(0, MAX_MESSAGE),
  }
}

/** A server that asks for other credentials, or knows no such path, lives. */
function isAlive(status: number | null): boolean {
  return status !== null && status < 500 && status !== 429
}

function wordsOf(answer: ProviderAnswer | null): string {
  if (!answer) return 'The provider has no address.'
  return answer.status === null && answer.failure
    ? answer.failure.error.message
    : `It answered with HTTP ${answer.status ?? 0}.`
}
