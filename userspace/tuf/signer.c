// SPDX-License-Identifier: MIT
/*
 * Whatever can sign: a key in a file, a token, or a program of somebody's.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "error.h"
#include "key.h"
#include "repo.h"
#include "token.h"

#define COMMAND	"command:"
#define ANSWER_MAX	65536

extern char **environ;

/**
 * struct tuf_signer - a key that can sign
 * @key: the key; only its public part when there is a @command
 * @command: program that signs; NULL: @key does
 */
struct tuf_signer {
	struct tuf_key *key;
	char *command;
};

/* Files in memory, so that neither side waits for the other. */
static int run(const char *program, const char *verb, int in, int out,
	       struct tuf_error *err)
{
	char *argv[] = { (char *)program, (char *)verb, NULL };
	posix_spawn_file_actions_t actions;
	int status = 0, code;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	code = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code) {
		errno = code;
		return tuf_fail_errno(err, program);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return tuf_fail_errno(err, program);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return tuf_fail(err, TUF_SIGNATURE, NULL, "%s %s failed", program,
				verb);
	return 0;
}

static int memory(const void *data, size_t length, struct tuf_error *err)
{
	int fd = memfd_create("tuf", MFD_CLOEXEC);

	if (fd < 0)
		return tuf_fail_errno(err, "memory for a signer");
	if (write(fd, data, length) != (ssize_t)length ||
	    lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return tuf_fail_errno(err, "memory for a signer");
	}
	return fd;
}

/* Give @data to the program; at most @size bytes of its answer. */
static int ask(const char *program, const char *verb, const void *data,
	       size_t length, void *answer, size_t size, size_t *ret_length,
	       struct tuf_error *err)
{
	int in = memory(data, length, err), out, rc;
	ssize_t n;

	if (in < 0)
		return in;
	out = memory("", 0, err);
	if (out < 0) {
		close(in);
		return out;
	}
	rc = run(program, verb, in, out, err);
	if (!rc) {
		n = pread(out, answer, size, 0);
		if (n <= 0)
			rc = tuf_fail(err, TUF_SIGNATURE, NULL,
				      "%s %s answers nothing", program, verb);
		else
			*ret_length = (size_t)n;
	}
	close(in);
	close(out);
	return rc;
}

static int open_command(struct tuf_signer *signer, const char *program,
			struct tuf_error *err)
{
	char *answer = malloc(ANSWER_MAX);
	EVP_PKEY *pkey = NULL;
	size_t length;
	BIO *bio;
	int rc;

	signer->command = strdup(program);
	if (!answer || !signer->command) {
		free(answer);
		return tuf_no_memory(err);
	}
	rc = ask(program, "public", "", 0, answer, ANSWER_MAX, &length, err);
	if (rc) {
		free(answer);
		return rc;
	}
	bio = BIO_new_mem_buf(answer, (int)length);
	if (bio)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	free(answer);
	ERR_clear_error();
	if (!pkey)
		return tuf_fail(err, TUF_SIGNATURE, NULL,
				"%s public answers no public key in PEM", program);
	rc = tuf_key_new(pkey, &signer->key, err);
	EVP_PKEY_free(pkey);
	return rc;
}

int tuf_signer_open(const char *where, tuf_passphrase_fn *ask_passphrase,
		    void *data, struct tuf_signer **ret, struct tuf_error *err)
{
	struct tuf_signer *signer = calloc(1, sizeof(*signer));
	int rc;

	if (!signer)
		return tuf_no_memory(err);
	if (!strncmp(where, COMMAND, strlen(COMMAND)))
		rc = open_command(signer, where + strlen(COMMAND), err);
	else if (!strncmp(where, TUF_TOKEN, strlen(TUF_TOKEN)))
		rc = tuf_token_key(where, ask_passphrase, data, &signer->key, err);
	else
		rc = tuf_key_read(where, ask_passphrase, data, &signer->key, err);
	if (rc)
		tuf_signer_free(signer);
	else
		*ret = signer;
	return rc;
}

int tuf_signer_sign(const struct tuf_signer *signer, const void *data,
		    size_t length, unsigned char *sig, size_t *ret_length,
		    struct tuf_error *err)
{
	int rc;

	if (signer->command)
		rc = ask(signer->command, "sign", data, length, sig,
			 TUF_SIGNATURE_MAX, ret_length, err);
	else
		rc = tuf_key_sign(signer->key, data, length, sig, ret_length, err);
	/* A program may be wrong, and a key broken by a fault. */
	if (!rc && tuf_key_verify(signer->key, data, length, sig, *ret_length))
		rc = tuf_fail(err, TUF_SIGNATURE, NULL,
			      "what key %.8s signed does not verify",
			      signer->key->id);
	return rc;
}

const struct tuf_key *tuf_signer_key(const struct tuf_signer *signer)
{
	return signer->key;
}

const char *tuf_signer_id(const struct tuf_signer *signer)
{
	return signer->key->id;
}

void tuf_signer_free(struct tuf_signer *signer)
{
	if (!signer)
		return;
	tuf_key_free(signer->key);
	free(signer->command);
	free(signer);
}
