import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('outcome')
export class Outcome {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ name: 'event_id', type: 'text' })
  eventId!: string;

  @Column({ type: 'jsonb' })
  payload!: object;
}
