import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('delivery')
export class Delivery {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ type: 'jsonb' })
  body!: object;

  @Column({ type: 'text' })
  state!: 'pending' | 'delivered' | 'failed';

  @Column({ type: 'int' })
  attempts!: number;
}
