// The driver of JGit: Git in Java.

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jgit.api.CloneCommand;
import org.eclipse.jgit.api.FetchCommand;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.PushCommand;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

public final class Driver {
    /** The client has nothing for what is asked: found by looking, not taken for granted. */
    private static final class Lacks extends Exception {
        Lacks(String words) {
            super(words);
        }
    }

    public static void main(String[] words) {
        try {
            run(words[0], Arrays.asList(words).subList(1, words.length));
        } catch (Lacks error) {
            System.err.println("lacks: " + error.getMessage());
            System.exit(3);
        } catch (Exception error) {
            System.err.println(error);
            System.exit(1);
        }
    }

    private static void run(String operation, List<String> words) throws Exception {
        List<String> arguments = new ArrayList<>();
        Map<String, String> options = new TreeMap<>();
        for (String word : words) {
            String[] option = word.split("=", 2);
            if (!word.startsWith("--")) arguments.add(word);
            else options.put(option[0], option.length > 1 ? option[1] : "");
        }
        if (options.containsKey("--depth") || options.containsKey("--unshallow")) mustLack(FetchCommand.class, "setDepth");
        if (options.containsKey("--filter")) mustLack(Transport.class, "setFilterSpec", "setFilterBlobLimit");
        switch (operation) {
            case "clone" -> clone(arguments.get(0), new File(arguments.get(1)));
            case "fetch" -> fetch(new File(arguments.get(0)), specs(arguments));
            case "push" -> push(new File(arguments.get(0)), specs(arguments), options);
            default -> throw new IllegalArgumentException("no such operation: " + operation);
        }
    }

    private static void mustLack(Class<?> type, String... methods) throws Exception {
        for (var method : type.getMethods()) {
            if (Arrays.asList(methods).contains(method.getName())) {
                throw new IllegalStateException("JGit has " + method + " now: the driver must use it");
            }
        }
        throw new Lacks(type.getName() + " has no " + String.join(" and no ", methods));
    }

    private static List<RefSpec> specs(List<String> arguments) {
        return arguments.stream().skip(1).map(RefSpec::new).toList();
    }

    /** Of a URL with a password JGit takes the user name alone. */
    private static CredentialsProvider credentials(String url) throws Exception {
        URIish uri = new URIish(url);
        return new UsernamePasswordCredentialsProvider(uri.getUser(), uri.getPass());
    }

    private static CredentialsProvider credentials(Git git) throws Exception {
        return credentials(git.getRepository().getConfig().getString("remote", "origin", "url"));
    }

    private static void clone(String url, File directory) throws Exception {
        CloneCommand clone = Git.cloneRepository().setURI(url).setDirectory(directory).setCloneAllBranches(true);
        try (Git git = clone.setCredentialsProvider(credentials(url)).call()) {
            // JGit leaves the password out of what it writes.
            git.getRepository().getConfig().setString("remote", "origin", "url", url);
            git.getRepository().getConfig().save();
        }
    }

    private static void fetch(File directory, List<RefSpec> specs) throws Exception {
        try (Git git = Git.open(directory)) {
            FetchCommand fetch = git.fetch().setRemote("origin").setCredentialsProvider(credentials(git));
            if (!specs.isEmpty()) fetch.setRefSpecs(specs);
            fetch.call();
        }
    }

    private static void push(File directory, List<RefSpec> specs, Map<String, String> options) throws Exception {
        try (Git git = Git.open(directory)) {
            PushCommand push = git.push().setRemote("origin").setRefSpecs(specs).setCredentialsProvider(credentials(git));
            push.setForce(options.containsKey("--force")).setAtomic(options.containsKey("--atomic"));
            for (PushResult result : push.call()) {
                for (RemoteRefUpdate update : result.getRemoteUpdates()) check(update);
            }
        }
    }

    private static void check(RemoteRefUpdate update) {
        switch (update.getStatus()) {
            case OK, UP_TO_DATE -> {}
            default -> throw new IllegalStateException(update.toString());
        }
    }
}
