/** The example company: what `npm run demo` makes, and how `--remove` knows it again. */

/** Stands in the description of every consumer that the demo makes. */
export const DEMO_MARK = 'Part of the example company'

export const PROVIDERS = [
  { name: 'Sandbox east', kind: 'sandbox', options: { latencyMs: 180, tokensPerSecond: 160 } },
  {
    name: 'Sandbox west',
    kind: 'sandbox',
    options: { latencyMs: 420, tokensPerSecond: 90, failureRate: 0.06 },
  },
] as const

type ProviderName = (typeof PROVIDERS)[number]['name']

export interface DemoRoute {
  readonly name: string
  readonly strategy: 'priority' | 'weighted'
  readonly targets: readonly { provider: ProviderName; model: string; weight?: number; priority?: number }[]
}

export const ROUTES: readonly DemoRoute[] = [
  {
    name: 'support-chat',
    strategy: 'priority',
    targets: [
      { provider: 'Sandbox west', model: 'sandbox-large', priority: 0 },
      // So that a failure of the first shows: another model answers.
      { provider: 'Sandbox east', model: 'sandbox-small', priority: 1 },
    ],
  },
  {
    name: 'summarize',
    strategy: 'weighted',
    targets: [
      { provider: 'Sandbox east', model: 'sandbox-small', weight: 3 },
      { provider: 'Sandbox west', model: 'sandbox-small', weight: 1 },
    ],
  },
  {
    name: 'code-review',
    strategy: 'priority',
    targets: [{ provider: 'Sandbox east', model: 'sandbox-reasoning' }],
  },
  {
    name: 'nightly-report',
    strategy: 'priority',
    targets: [{ provider: 'Sandbox west', model: 'sandbox-slow' }],
  },
]

export interface DemoConsumer {
  readonly name: string
  readonly purpose: string
  readonly route: string
  /** Share of the traffic. */
  readonly share: number
  readonly stream: boolean
  readonly tools?: true
  /** Keys to make; the first one sends the traffic. */
  readonly keys: readonly string[]
}

export const TEAMS: readonly { name: string; consumers: readonly DemoConsumer[] }[] = [
  {
    name: 'Customer support',
    consumers: [
      {
        name: 'help-center-bot',
        purpose: 'Answers in the help center',
        route: 'support-chat',
        share: 8,
        stream: true,
        keys: ['production', 'staging'],
      },
      {
        name: 'ticket-triage',
        purpose: 'Sorts and summarizes tickets',
        route: 'summarize',
        share: 6,
        stream: false,
        keys: ['production'],
      },
    ],
  },
  {
    name: 'Engineering',
    consumers: [
      {
        name: 'review-agent',
        purpose: 'Reviews pull requests',
        route: 'code-review',
        share: 3,
        stream: true,
        tools: true,
        keys: ['ci', 'laptops'],
      },
      {
        name: 'release-notes',
        purpose: 'Drafts release notes',
        route: 'summarize',
        share: 2,
        stream: false,
        keys: ['ci'],
      },
    ],
  },
  {
    name: 'Finance',
    consumers: [
      {
        name: 'report-writer',
        purpose: 'Writes the nightly report',
        route: 'nightly-report',
        share: 1,
        stream: false,
        keys: ['production'],
      },
    ],
  },
]

/** How near they are moves with the traffic; the last one refuses a call now and then. */
export const LIMITS = [
  { name: 'Support, requests', of: 'Customer support', metric: 'requests', limit: 1_000, windowSeconds: 60 },
  { name: 'Engineering, tokens', of: 'Engineering', metric: 'tokens', limit: 60_000, windowSeconds: 60 },
  { name: 'Nightly reports, at once', of: 'report-writer', metric: 'concurrency', limit: 1 },
] as const

/** What the agents are asked: short, so that the demo stays light. */
export const PROMPTS: Readonly<Record<string, readonly string[]>> = {
  'support-chat': [
    'My parcel says delivered but nothing arrived. What can I do?',
    'How do I change the e-mail address of my account?',
    'The invoice shows the old VAT number. Can you send a corrected one?',
  ],
  summarize: [
    'Summarize this ticket in two sentences: the import of a 40 MB file stops at 63 percent with error 17.',
    'Name topic, urgency and language of this message: “Bitte stornieren Sie meine Bestellung von gestern.”',
    'Turn these commits into three bullet points for customers: retry uploads; faster search; fix time zone of exports.',
  ],
  'code-review': [
    'Review this change: the loop now stops at the first match instead of collecting all. What could break?',
    'Is there a race between the cache write and the invalidation in this patch? Explain step by step.',
  ],
  'nightly-report': [
    'Write the opening paragraph of the nightly report: revenue up 3 percent, refunds flat, two incidents.',
  ],
}
