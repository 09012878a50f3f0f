'use client'

import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { FieldGroup } from '@/components/ui/field'
import { memberAt } from '../route-document'
import { NumberField, type SectionProps } from './section'

const RETRY_REASONS = [
  { value: 'rateLimit', label: 'The vendor limits requests (429)' },
  { value: 'serverError', label: 'The vendor fails (5xx)' },
  { value: 'timeout', label: 'No first token in time' },
  { value: 'connection', label: 'No connection' },
]

/** After what another target is asked, and how long each may take. */
export function RetriesCard(props: SectionProps) {
  const { document, error, set } = props
  const reasons = (memberAt(document, 'retries.on') as string[] | undefined) ?? []
  return (
    <Card
      title="Retries and time"
      description="Another target is asked at once, the same one after a short pause. A caller that has seen a token is never retried."
    >
      <div className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <FieldGroup legend="Ask again when" error={error('retries.on')}>
            {RETRY_REASONS.map(({ value, label }) => (
              <CheckboxField
                key={value}
                label={<span className="text-sm">{label}</span>}
                checked={reasons.includes(value)}
                onCheckedChange={(on) =>
                  set(
                    'retries.on',
                    on === true ? [...reasons, value] : reasons.filter((other) => other !== value),
                  )
                }
              />
            ))}
          </FieldGroup>
          <FieldGroup legend="And ask another target when">
            <CheckboxField
              label={<span className="text-sm">The input is too long for the model</span>}
              hint="Also before the call, where the window of the model is known."
              checked={memberAt(document, 'fallback.contextTooLong') !== false}
              onCheckedChange={(on) => set('fallback.contextTooLong', on === true)}
            />
            <CheckboxField
              label={<span className="text-sm">The vendor’s filter refuses the content</span>}
              hint="Off: the caller gets the refusal."
              checked={memberAt(document, 'fallback.contentRefused') === true}
              onCheckedChange={(on) => set('fallback.contentRefused', on === true)}
            />
          </FieldGroup>
        </div>
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <NumberField
            label="Further tries"
            hint="After the first, over all targets."
            path="retries.attempts"
            {...props}
          />
          <NumberField
            label="First token within, ms"
            hint="Of a streamed answer."
            path="timeouts.firstTokenMs"
            {...props}
          />
          <NumberField
            label="Silence of at most, ms"
            hint="In an answer that has begun."
            path="timeouts.idleMs"
            {...props}
          />
          <NumberField label="In all, ms" path="timeouts.totalMs" {...props} />
        </div>
        <SlowStreams {...props} />
        <SecondTarget {...props} />
      </div>
    </Card>
  )
}

const FIRST_SPEED = { tokensPerSecond: 10, withinMs: 2_000 }

function SlowStreams(props: SectionProps) {
  const { document, set } = props
  const path = 'timeouts.minOutputSpeed'
  const isOn = Boolean(memberAt(document, path))
  return (
    <div className="flex flex-col gap-3">
      <CheckboxField
        label={<span className="text-sm">Leave a stream that begins too slowly</span>}
        hint="What comes after the first token is held until it is fast enough, or the time is up and another target takes over."
        checked={isOn}
        onCheckedChange={(on) => set(path, on === true ? FIRST_SPEED : null)}
      />
      {isOn ? (
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <NumberField label="At least, tokens a second" path={`${path}.tokensPerSecond`} {...props} />
          <NumberField label="Within, ms" path={`${path}.withinMs`} {...props} />
        </div>
      ) : null}
    </div>
  )
}

const FIRST_HEDGE = { percentile: 95, minMs: 100 }

function SecondTarget(props: SectionProps) {
  const { document, set } = props
  const isOn = Boolean(memberAt(document, 'hedge'))
  return (
    <div className="flex flex-col gap-3">
      <CheckboxField
        label={<span className="text-sm">Ask a second target when the first is late</span>}
        hint="The first answer is the caller’s, and the other call is cancelled. What the vendor charges for it is paid too, and budgets hold both."
        checked={isOn}
        onCheckedChange={(on) => set('hedge', on === true ? FIRST_HEDGE : null)}
      />
      {isOn ? (
        <div className="grid items-start gap-4 sm:grid-cols-2">
          <NumberField
            label="Later than so many of 100 answers"
            hint="Of the target’s last answers; for streams, of their first tokens."
            path="hedge.percentile"
            {...props}
          />
          <NumberField label="And than, ms" path="hedge.minMs" {...props} />
        </div>
      ) : null}
    </div>
  )
}
