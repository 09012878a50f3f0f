import { notFound } from 'next/navigation'

/** Addresses that no screen has: said inside the console's frame, so that the way on is at hand. */
export default function Page() {
  notFound()
}
