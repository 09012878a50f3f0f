import { Badge, type Tone } from '@/components/ui/badge'
import type { RevisionDiff } from '@/lib/resources/revisions/schema'
import { FieldChanges } from './field-changes'

type Change = RevisionDiff['changes'][number]

const OPS: Record<Change['op'], { tone: Tone; word: string }> = {
  create: { tone: 'ok', word: 'created' },
  update: { tone: 'accent', word: 'changed' },
  delete: { tone: 'danger', word: 'deleted' },
}

export function ChangeBadge({ op }: { op: Change['op'] }) {
  return <Badge tone={OPS[op].tone}>{OPS[op].word}</Badge>
}

/** What a difference does, entity by entity. Long lists are folded but for their heads. */
export function ChangeList({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="text-sm text-muted">Nothing differs.</p>
  return (
    <ul className="flex flex-col gap-3">
      {changes.map((change) => (
        <li key={`${change.type} ${change.id}`}>
          <details open={changes.length <= 6} className="rounded-card border">
            <summary className="flex flex-wrap items-center gap-x-2 gap-y-1 px-3 py-2 text-sm">
              <ChangeBadge op={change.op} />
              <span className="text-muted">{change.type}</span>
              <span className="font-medium break-all">{change.name}</span>
              <span className="ml-auto font-mono text-xs break-all text-muted">{change.id}</span>
            </summary>
            <div className="border-t px-3 py-2">
              <FieldChanges fields={change.fields} />
            </div>
          </details>
        </li>
      ))}
    </ul>
  )
}
