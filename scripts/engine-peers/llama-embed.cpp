// How quick llama.cpp embeds: llama-embed FILE.gguf THREADS TOKENS TEXTS prints tokens a second for TEXTS
// texts of TOKENS made-up tokens each, all in one batch, again and again for two seconds.
// Built by scripts/bench-engine.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "llama.h"

int main(int, char ** words) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    const int threads = atoi(words[2]), tokens = atoi(words[3]), texts = atoi(words[4]);
    llama_model * model = llama_model_load_from_file(words[1], llama_model_default_params());
    if (!model) return 1;
    llama_context_params wanted = llama_context_default_params();
    wanted.n_ctx = wanted.n_batch = wanted.n_ubatch = tokens * texts;
    wanted.n_seq_max = texts;
    wanted.n_threads = wanted.n_threads_batch = threads;
    wanted.embeddings = true;
    wanted.pooling_type = LLAMA_POOLING_TYPE_MEAN;
    llama_context * context = llama_init_from_model(model, wanted);
    if (!context) return 2;
    llama_batch batch = llama_batch_init(tokens * texts, 0, 1);
    for (int place = 0; place < tokens * texts; place++) {
        batch.token[place] = 1000 + place * 7919 % 20000;
        batch.pos[place] = place % tokens;
        batch.n_seq_id[place] = 1;
        batch.seq_id[place][0] = place / tokens;
        batch.logits[place] = 1;
    }
    batch.n_tokens = tokens * texts;
    using clock = std::chrono::steady_clock;
    if (llama_encode(context, batch) != 0) return 3;
    const auto start = clock::now();
    double seconds = 0, done = 0;
    while (seconds < 2) {
        if (llama_encode(context, batch) != 0) return 3;
        done += tokens * texts;
        seconds = std::chrono::duration<double>(clock::now() - start).count();
    }
    printf("%f\n", done / seconds);
    return 0;
}
