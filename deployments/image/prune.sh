#!/bin/sh
# prune.sh FOLDER: removes Spark's jars for what is never used here.
set -eu
cd "$1"

# Streaming state, machine learning, graphs, Hive and its metastore, Kubernetes, YARN, shells, Connect's server.
rm -r rocksdbjni-* \
  spark-mllib* spark-graphx* breeze* spire* cats-kernel* algebra* arpack* lapack* blas-* JTransforms* JLargeArrays* \
  spark-hive* hive-beeline* hive-cli* hive-common* hive-exec* hive-jdbc* hive-metastore* hive-serde* hive-service* \
  hive-shims* datanucleus* derby* javax.jdo* jdo-api* HikariCP* libthrift* libfb303* \
  spark-kubernetes* kubernetes-* vertx-* volcano-* zjsonpatch* \
  spark-yarn* spark-repl* scala-compiler* jline* spark-connect* connect-repl spark-pipelines*

# Netty's native parts for other machines.
rm -- *-osx-* *-windows-* *-linux-riscv64.jar
case "$(uname -m)" in
  x86_64) rm -- *-linux-aarch_64.jar ;;
  aarch64) rm -- *-linux-x86_64.jar ;;
esac
