# AMQP_URL=amqp://erp-acme-results:…@broker/ponte QUEUE=erp-acme.results DATABASE=results.db python3 consume_results.py
import json
import os
import sqlite3  # stands for the ERP's own database

import pika  # apt-get install python3-pika, or pip install pika

database = sqlite3.connect(os.environ["DATABASE"])
database.execute("create table if not exists result (id text primary key, type text, subject text, data text)")


def take(event):
    """In one transaction: the id, by which a result that comes twice is known, and whatever the ERP makes of it."""
    row = (event["id"].lower(), event["type"], event["subject"], json.dumps(event["data"], ensure_ascii=False))
    with database:  # commits, or rolls back what fails
        cursor = database.execute("insert into result values (?, ?, ?, ?) on conflict (id) do nothing", row)
        # Here the ERP acts on it, on this database, in this transaction, and only where it is new.
    return cursor.rowcount == 1


def read(body):
    try:
        event = json.loads(body)
        return event if isinstance(event["id"], str) and isinstance(event["type"], str) else None
    except (ValueError, KeyError, TypeError):
        return None  # it is nothing that could be read


def receive(channel, method, _properties, body):
    event = read(body)
    if event is None:
        channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead letters: it will never be readable
        print("rejected", flush=True)
        return
    # Should this throw, the process ends here: what is not committed is not acknowledged, and comes again in its order.
    is_new = take(event)
    channel.basic_ack(method.delivery_tag)  # after the commit, never before
    print("took" if is_new else "knew", event["type"], event["id"], flush=True)


connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
channel = connection.channel()
channel.basic_qos(prefetch_count=50)
channel.basic_consume(os.environ["QUEUE"], receive)
channel.start_consuming()
