import type { Metadata } from 'next'
import { ConsumersScreen } from '@/components/consumers/consumers-screen'

export const metadata: Metadata = { title: 'Consumers' }

export default function ConsumersPage() {
  return <ConsumersScreen />
}
