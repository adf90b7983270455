import { Inject, Injectable } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { lastValueFrom } from 'rxjs';
import { IsNull, Repository } from 'typeorm';
import { OutboxRow } from './outbox-row.entity.js';
import { TITLE_OPENED } from './plain-queue.js';

const AT_ONCE = 500;

/** Row by row, so that what is marked was published and the order stays. */
@Injectable()
export class Publisher {
  private isAtWork = false;

  constructor(
    @InjectRepository(OutboxRow) private readonly rows: Repository<OutboxRow>,
    @Inject('QUEUE') private readonly queue: ClientProxy,
  ) {}

  @Interval(50)
  async publishWaiting(): Promise<void> {
    if (this.isAtWork) return;
    this.isAtWork = true;
    try {
      const waiting = await this.rows.find({
        where: { publishedAt: IsNull() },
        order: { position: 'ASC' },
        take: AT_ONCE,
      });
      for (const row of waiting) await this.publish(row);
    } finally {
      this.isAtWork = false;
    }
  }

  private async publish(row: OutboxRow): Promise<void> {
    await lastValueFrom(this.queue.emit(TITLE_OPENED, { id: row.id, title: row.payload }), { defaultValue: undefined });
    row.publishedAt = new Date();
    await this.rows.save(row);
  }
}
