'use client'

import {
  type Announcements,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  MeasuringStrategy,
  type Modifier,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import { Plus } from 'lucide-react'
import Link from 'next/link'
import { useId, useRef, useState } from 'react'
import { useCan } from '@/components/data/me'
import { Button } from '@/components/ui/button'
import { FieldError } from '@/components/ui/field'
import type { Provider } from '@/lib/resources/providers/schema'
import type { RouteHealth } from '@/lib/resources/routes/health-schema'
import { followFocus } from '../follow-focus'
import type { Target } from '../route-document'
import { tierWords } from '../strategy-words'
import { stepsThrough, whatIsUnder } from './drag-geometry'
import {
  dropKeys,
  dropWords,
  indexOfKey,
  LAST_TIER,
  markAt,
  targetKey,
  tierKey,
  tiersAfterDrop,
} from './drop'
import { TargetCard } from './target-card'
import { TargetFields } from './target-fields'
import { healthOf } from './target-health'
import {
  arranged,
  moveByOne,
  moveIntoTier,
  placeOf,
  rankOf,
  shareOf,
  type Tier,
  tierName,
  tiersOf,
} from './target-order'
import { LastTier, TierHead } from './tier-head'

const INSTRUCTIONS = {
  draggable:
    'Press space to pick up the target, the arrow keys to move it over another or over the head of a priority, space to drop it, escape to leave it. Alt and an arrow key move it by one place at once.',
}
const onlyUpAndDown: Modifier = ({ transform }) => ({ ...transform, x: 0 })
/** The heads of priorities say something else while one is dragged, and what is below them moves. */
const MEASURING = { droppable: { strategy: MeasuringStrategy.Always } }

/** The targets by priority, in the order in which they are asked. */
export function TargetList({
  targets,
  strategy,
  apart,
  providers,
  health,
  onChange,
  error,
}: {
  targets: readonly Target[]
  strategy: string
  /** Groups that rules or a canary choose. */
  apart: ReadonlySet<string>
  /** Undefined while they are read. */
  providers: readonly Provider[] | undefined
  health: RouteHealth | undefined
  onChange: (targets: Target[]) => void
  error: (path: string) => string | undefined
}) {
  const tiers = tiersOf(targets)
  const root = useRef<HTMLDivElement>(null)
  const dragId = useId()
  const groupListId = useId()
  const [dragged, setDragged] = useState<string | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const [said, setSaid] = useState('')
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: stepsThrough(dropKeys(tiers)) }),
  )
  const groups = [...new Set(targets.flatMap(({ group }) => group ?? []))]
  const isApart = (target: Target | undefined) => !!target?.group && apart.has(target.group)
  const whole = error('targets')

  const move = (index: number, next: readonly Tier[]) => {
    const place = placeOf(next, index)
    onChange(arranged(targets, next))
    followFocus(root.current, placeOf(tiers, index), place)
    setSaid(
      `${targets[index]?.model || 'The target'} is now ${place + 1} of ${targets.length}, ${tierName(rankOf(next, index))}.`,
    )
  }
  const drop = ({ active, over: below }: DragEndEvent) => {
    setDragged(null)
    setOver(null)
    if (!below || below.id === active.id) return
    const key = String(active.id)
    move(indexOfKey(key), tiersAfterDrop(tiers, key, String(below.id)))
  }
  const announcements: Announcements = {
    onDragStart: ({ active }) => `Picked up ${nameOf(targets, String(active.id))}.`,
    onDragOver: ({ active, over: below }) =>
      !below || below.id === active.id
        ? `${nameOf(targets, String(active.id))} is at its own place.`
        : `Now over: ${dropWords(tiers, targets, String(below.id))}.`,
    onDragEnd: () => undefined,
    onDragCancel: () => 'Left where it was.',
  }
  return (
    <div ref={root} className="flex flex-col gap-4">
      {providers?.length === 0 ? <NoProvider /> : null}
      <datalist id={groupListId}>
        {groups.map((group) => (
          <option key={group} value={group} />
        ))}
      </datalist>
      <DndContext
        id={dragId}
        sensors={sensors}
        collisionDetection={whatIsUnder}
        measuring={MEASURING}
        modifiers={[onlyUpAndDown]}
        accessibility={{ announcements, screenReaderInstructions: INSTRUCTIONS, restoreFocus: false }}
        onDragStart={({ active }) => setDragged(String(active.id))}
        onDragOver={({ over: below }) => setOver(below ? String(below.id) : null)}
        onDragEnd={drop}
        onDragCancel={() => {
          setDragged(null)
          setOver(null)
        }}
      >
        {tiers.map(({ indexes }, rank) => (
          <section key={tierKey(rank)} aria-label={tierName(rank)} className="flex flex-col gap-1">
            <TierHead
              dragId={tierKey(rank)}
              title={tierName(rank)}
              detail={tierWords(strategy, rank, indexes.filter((one) => !isApart(targets[one])).length)}
              isDragging={dragged !== null}
            />
            <ol className="flex flex-col gap-2">
              {indexes.map((index) => {
                const target = targets[index]
                if (!target) return null
                return (
                  <TargetCard
                    key={targetKey(index)}
                    dragId={targetKey(index)}
                    place={placeOf(tiers, index)}
                    count={targets.length}
                    health={healthOf(health, target)}
                    mark={markAt(tiers, index, dragged, over)}
                    onMove={(by) => move(index, moveByOne(tiers, index, by))}
                    onRemove={() => onChange(targets.filter((_, at) => at !== index))}
                  >
                    <TargetFields
                      target={target}
                      index={index}
                      rank={rank}
                      tierCount={tiers.length}
                      share={shareOf(targets, index, strategy, apart)}
                      groupListId={groupListId}
                      providers={providers ?? []}
                      onChange={(part) =>
                        onChange(targets.map((one, at) => (at === index ? { ...one, ...part } : one)))
                      }
                      onRank={(to) => move(index, moveIntoTier(tiers, index, to))}
                      error={error}
                    />
                  </TargetCard>
                )
              })}
            </ol>
          </section>
        ))}
        <LastTier dragId={LAST_TIER} isDragging={dragged !== null} />
      </DndContext>
      <p role="status" className="sr-only">
        {said}
      </p>
      {whole ? <FieldError>{whole}</FieldError> : null}
      <div className="flex flex-wrap gap-2">
        {tiers.length > 0 ? (
          <Button
            size="sm"
            onClick={() => onChange([...targets, newTarget(providers, tiers.at(-1)?.priority)])}
          >
            <Plus aria-hidden />
            Add to {tierName(tiers.length - 1).toLowerCase()}
          </Button>
        ) : null}
        <Button
          size="sm"
          onClick={() => onChange([...targets, newTarget(providers, (tiers.at(-1)?.priority ?? -1) + 1)])}
        >
          <Plus aria-hidden />
          {tiers.length === 0 ? 'Add target' : 'Add fallback'}
        </Button>
      </div>
    </div>
  )
}

function NoProvider() {
  const can = useCan()
  return (
    <p className="text-sm text-muted">
      There is no provider yet.{' '}
      {can('providers.create') ? (
        <Link href="/providers/new" className="text-accent underline">
          Add one first
        </Link>
      ) : (
        'Ask an owner or admin to add one.'
      )}
    </p>
  )
}

function newTarget(providers: readonly Provider[] | undefined, priority = 0): Target {
  const providerId = providers?.length === 1 ? (providers[0]?.id ?? '') : ''
  return { providerId, model: '', weight: 1, priority, group: null }
}

function nameOf(targets: readonly Target[], key: string): string {
  return targets[indexOfKey(key)]?.model || 'a target'
}
