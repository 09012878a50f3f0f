/** What lies under a drag on the screen, by pointer and by keyboard. */
import {
  type CollisionDetection,
  closestCenter,
  type KeyboardCoordinateGetter,
  pointerWithin,
} from '@dnd-kit/core'

/** What the pointer is over or nearest to; by keyboard, what begins where the dragged one does. */
export const whatIsUnder: CollisionDetection = (args) => {
  const { pointerCoordinates } = args
  if (!pointerCoordinates) return byTopEdge(args)
  const within = pointerWithin(args)
  if (within.length > 0) return within
  const { x: left, y: top } = pointerCoordinates
  const point = { left, right: left, top, bottom: top, width: 0, height: 0 }
  return closestCenter({ ...args, collisionRect: point })
}

/** The arrow keys go from one to the next, however tall each is. */
export function stepsThrough(keys: readonly string[]): KeyboardCoordinateGetter {
  return (event, { active, currentCoordinates, context: { over, droppableRects } }) => {
    const by = event.code === 'ArrowUp' ? -1 : event.code === 'ArrowDown' ? 1 : null
    if (by === null) return undefined
    event.preventDefault()
    const next = keys[keys.indexOf(String(over?.id ?? active)) + by]
    const rect = next === undefined ? undefined : droppableRects.get(next)
    return rect ? { x: currentCoordinates.x, y: rect.top } : undefined
  }
}

const byTopEdge: CollisionDetection = ({ collisionRect, droppableContainers, droppableRects }) =>
  droppableContainers
    .flatMap((droppableContainer) => {
      const { id } = droppableContainer
      const rect = droppableRects.get(id)
      return rect ? [{ id, data: { droppableContainer, value: Math.abs(rect.top - collisionRect.top) } }] : []
    })
    .sort((one, other) => one.data.value - other.data.value)
